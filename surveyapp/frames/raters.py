"""Lists of raters: persons with several posts become one, with all their agencies."""

from collections.abc import Iterator, Sequence
from typing import Final

from surveyapp.frames import cells, headings
from surveyapp.frames.agencies import MISSPELLED, AgencyIndex, split_names
from surveyapp.frames.entries import (
    NOTHING_KNOWN,
    Context,
    Entry,
    FewTransactions,
    Note,
    Person,
)
from surveyapp.frames.persons import SEPARATOR, Pair, Persons, Post, Rater
from surveyapp.frames.plausibility import headcount_notes, rater_notes
from surveyapp.frames.pseudonyms import pseudonym
from surveyapp.frames.rules import Rule
from surveyapp.importers.table import Problems, Table, TableProblem
from surveyapp.importers.tables import lost_zeros
from surveyapp.models import RaterGroup, Survey, SurveyGroup
from surveyapp.surveys.names import clean, nearest, spelling

#: Characters that the office of a person has in the vault.
OFFICE_COLUMN: Final = 200


class RaterList:
    """A checked list of raters of a sociological survey."""

    def __init__(
        self, survey: Survey, table: Table, key: bytes, context: Context = NOTHING_KNOWN
    ) -> None:
        self.problems = Problems()
        self.survey = survey
        self.key = key
        self.sheet = table.sheet
        self.table = table
        self.index = AgencyIndex(survey.agencies)
        self._titles = {r.code: r.title for g in survey.groups for r in g.rater_groups}
        self._codes = {spelling(name): c for c, t in self._titles.items() for name in (c, t)}
        self._members = {
            g.id: [a for a in survey.agencies if a.group_id == g.id] for g in survey.groups
        }
        self._rated: dict[tuple[str, str], AgencyIndex] = {}
        self._context = context
        self._persons = Persons(key, self.problems, table.sheet, context.verdicts)
        self._without_contact = 0
        self._other_offices: dict[str, int] = {}
        columns = headings.fields(table, headings.RATERS, self.problems)
        if not self.problems.total:
            self._read(columns, table.rows)
            headings.check_lengths(table, headings.RATERS, columns, self.problems)
            self._persons.finish()

    @property
    def raters(self) -> list[Rater]:
        """The persons, in the order of the list."""
        return self._persons.raters

    @property
    def pairs(self) -> list[Pair]:
        """Rows that may be one person."""
        return self._persons.pairs

    def _fault(self, place: tuple[int, str], code: Rule, message: str, fix: str) -> None:
        row, column = place
        self.problems.add(TableProblem(code, message, fix, self.sheet, row, column))

    def _read(self, columns: dict[str, Sequence[str]], rows: Sequence[int]) -> None:
        for i, row in enumerate(rows):
            cell = {name: column[i] for name, column in columns.items()}
            before = self.problems.total
            name = clean(cell["name"])
            if not name:
                self._fault((row, "Họ và tên"), Rule.EMPTY, "Chưa có họ và tên.", "Điền họ và tên.")
            phone = cells.phone(cell["phone"])
            if phone is None:
                self._fault(
                    (row, "Điện thoại"),
                    Rule.NO_PHONE,
                    f"«{cell['phone']}» không phải số điện thoại.",
                    "Ghi số như 0912345678, hoặc để trống.",
                )
            birth = cells.birth_year(cell["birth"])
            if birth is None:
                self._fault(
                    (row, "Năm sinh"),
                    Rule.NO_YEAR,
                    f"«{cell['birth']}» không phải năm sinh.",
                    "Ghi năm như 1975, hoặc để trống.",
                )
            post = self._post(row, cell)
            if post is not None and self.problems.total == before:
                self._without_contact += not phone and not clean(cell["address"])
                code, address = clean(cell["code"]), clean(cell["address"])
                self._persons.add(Rater(name, code, phone or "", birth or "", address), post)

    def _post(self, row: int, cell: dict[str, str]) -> Post | None:
        group = self._codes.get(spelling(cell["group"]))
        if group is None:
            near = nearest(cell["group"], self._titles.values())
            self._fault(
                (row, "Nhóm người đánh giá"),
                Rule.UNKNOWN_GROUP,
                f"Kế hoạch không có nhóm «{cell['group']}»."
                if cell["group"]
                else "Chưa ghi nhóm người đánh giá.",
                f"Ghi đúng tên nhóm; gần nhất là «{near}».",
            )
            return None
        return Post(
            row,
            self._context.sources.get(row, ""),
            group,
            self._area(row, group, cell["area"]),
            clean(cell["office"]),
            frozenset(self._own(row, cell["office"])),
            frozenset(self._line(row, group, cell["line"])),
        )

    def _rules(self, group: str) -> list[tuple[SurveyGroup, RaterGroup]]:
        """Return where a rater group rates, in the order of the plan."""
        return [
            (survey_group, raters)
            for survey_group in self.survey.groups
            for raters in survey_group.rater_groups
            if raters.code == group
        ]

    def _rated_by(self, group: str, rule: str) -> AgencyIndex:
        """Return the agencies that a rater group rates by this rule; the same for all its rows."""
        if (group, rule) not in self._rated:
            self._rated[group, rule] = AgencyIndex(
                agency
                for survey_group, raters in self._rules(group)
                if raters.rates == rule
                for agency in self._members[survey_group.id]
            )
        return self._rated[group, rule]

    def _area(self, row: int, group: str, text: str) -> str:
        """Return the code of the agency where the area must be one, else the text."""
        own = self._rated_by(group, "own_unit")
        found = self.index.find(text)
        if not own.agencies:
            return found.code if found else clean(text)
        if found is not None and found.code in own.agencies:
            return found.code
        near = own.nearest(text)
        self._fault(
            (row, "Địa bàn"),
            Rule.AREA,
            f"«{text}» không phải cơ quan mà nhóm này đánh giá." if text else "Chưa ghi địa bàn.",
            f"Ghi đúng tên; gần nhất là «{near}».",
        )
        return ""

    def _own(self, row: int, text: str) -> Iterator[str]:
        """Give the rated agencies among a person's offices; a misspelled one is a fault."""
        names = split_names(text)
        if not names:
            self._fault(
                (row, "Cơ quan công tác"),
                Rule.EMPTY,
                "Chưa ghi cơ quan công tác.",
                "Ghi nơi công tác: không ai được đánh giá cơ quan mình.",
            )
        for name in names:
            agency = self.index.find(name)
            if agency is not None:
                yield agency.code
            elif near := self.index.nearest(name, MISSPELLED):
                self._fault(
                    (row, "Cơ quan công tác"),
                    Rule.UNKNOWN_AGENCY,
                    f"Không có cơ quan «{name}».",
                    f"Ghi đúng tên; gần nhất là «{near}».",
                )
            else:
                self._other_offices[name] = self._other_offices.get(name, 0) + 1

    def _line(self, row: int, group: str, text: str) -> Iterator[str]:
        index = self._rated_by(group, "own_line")
        if not index.agencies:
            return
        names = split_names(text)
        if not names:
            self._fault(
                (row, "Cơ quan ngành dọc"),
                Rule.NO_LINE,
                "Chưa ghi cơ quan ngành dọc mà người này đánh giá.",
                "Ghi tên sở quản lý ngành; nhiều sở cách nhau bằng dấu chấm phẩy.",
            )
        for name in names:
            agency = index.find(name)
            if agency is not None:
                yield agency.code
                continue
            self._fault(
                (row, "Cơ quan ngành dọc"),
                Rule.UNKNOWN_AGENCY,
                f"Không có cơ quan «{name}» trong nhóm được đánh giá.",
                f"Ghi đúng tên; gần nhất là «{index.nearest(name)}».",
            )

    def entries(self) -> Iterator[Entry]:
        """Give a row per person and survey group that she rates."""
        for rater in self.raters:
            natural = rater.natural_key()
            person = pseudonym(self.key, "person", natural)
            own = sorted(frozenset().union(*(post.own for post in rater.posts)))
            for group in self.survey.groups:
                found = self._first_post(rater, group)
                if found is None:
                    continue
                raters, post = found
                parts = [group.code, raters.code]
                if raters.rates == "own_unit":
                    if self.index.agencies[post.area].exclusion is not None:
                        continue  # she would rate that agency only
                    parts.append(post.area)
                attributes = {
                    "rater_group": raters.code,
                    "area": post.area,
                    "own_agencies": own,
                    "line": sorted(post.line),
                }
                unit = pseudonym(self.key, "unit", natural, group.code)
                yield Entry(unit, person, SEPARATOR.join(parts), group.code, attributes)

    def _first_post(self, rater: Rater, group: SurveyGroup) -> tuple[RaterGroup, Post] | None:
        """Return the post in which a person rates a group: the first in the order of the plan."""
        posts = {post.group: post for post in reversed(rater.posts)}
        for raters in group.rater_groups:
            if raters.code in posts:
                return raters, posts[raters.code]
        return None

    def people(self) -> Iterator[Person]:
        """Give the persons for the vault."""
        for rater in self.raters:
            code = pseudonym(self.key, "person", rater.natural_key())
            office = _joined([post.office for post in rater.posts])
            yield Person(code, rater.name, rater.phone, rater.address, office)

    def warnings(self) -> list[str]:
        """Say who was merged, and which offices are no rated agency."""
        cut = [
            lost_zeros(self.table, column)
            for column in ("Mã người", "Điện thoại")
            if column in self.table.columns
        ]
        texts = [str(problem) for problem in cut if problem]
        merged = [rater for rater in self.raters if len(rater.posts) > 1]
        if merged:
            rows = "; ".join(
                ", ".join(str(post.row) for post in rater.posts) for rater in merged[:10]
            )
            texts.append(
                f"{len(merged)} người giữ nhiều chức vụ được gộp làm một (các dòng: {rows})."
            )
        if self._other_offices:
            some = "; ".join(list(self._other_offices)[:5])
            texts.append(
                f"{sum(self._other_offices.values())} dòng có nơi công tác không phải cơ quan được "
                f"đánh giá, ví dụ: {some}. Kiểm tra lại tên nếu cần."
            )
        return texts

    def notes(self) -> list[Note]:
        """Say what has to be confirmed before the list is frozen."""
        return [
            *rater_notes(len(self.raters), self._without_contact, self.pairs),
            *headcount_notes(self._context.expected, self._context.sent, self._titles),
        ]

    def few(self) -> list[FewTransactions]:
        """Name nothing: raters are no transactions."""
        return []


def _joined(offices: Sequence[str]) -> str:
    """Return the offices of a person as one text that can be stored; says how many do not fit."""
    names = list(dict.fromkeys(offices))
    kept = len(names)
    text = "; ".join(names)
    while len(text) > OFFICE_COLUMN and kept > 1:
        kept -= 1
        text = "; ".join([*names[:kept], f"và {len(names) - kept} nơi khác"])
    return text
