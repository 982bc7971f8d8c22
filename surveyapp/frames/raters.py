"""Lists of raters: persons with several posts become one, with all their agencies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from surveyapp.frames import cells, headings
from surveyapp.frames.agencies import MISSPELLED, AgencyIndex, split_names
from surveyapp.frames.entries import SEPARATOR, Entry, FewTransactions, Person
from surveyapp.frames.pseudonyms import pseudonym
from surveyapp.frames.rules import Rule
from surveyapp.importers.table import Problems, Table, TableProblem
from surveyapp.importers.tables import lost_zeros
from surveyapp.models import RatedAgency, RaterGroup, Survey, SurveyGroup
from surveyapp.surveys.names import clean, nearest, spelling


@dataclass(frozen=True, slots=True)
class Post:
    """One row: a person in one rater group."""

    row: int
    group: str
    area: str
    office: str
    own: frozenset[str]
    line: frozenset[str]


@dataclass(slots=True)
class Rater:
    """A person with her posts, in the order of the file."""

    name: str
    code: str
    phone: str
    address: str
    posts: list[Post] = field(default_factory=list)

    def natural_key(self) -> str:
        """Return the person's code, or what is known of her whatever the order of the rows."""
        if self.code:
            return f"code {self.code.casefold()}"
        posts = [
            SEPARATOR.join((spelling(self.name), spelling(p.office), p.group)) for p in self.posts
        ]
        return f"name {min(posts)}"


def _may_be(known: Rater, new: Rater) -> bool:
    """Whether nothing tells apart two persons of one name, office and group."""
    codes, phones = {known.code, new.code} - {""}, {known.phone, new.phone} - {""}
    return len(codes) < 2 and len(phones) < 2


class RaterList:
    """A checked list of raters of a sociological survey."""

    def __init__(self, survey: Survey, table: Table, key: bytes) -> None:
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
        self.raters: list[Rater] = []
        self._by_key: dict[tuple[str, ...], Rater] = {}
        self._other_offices: dict[str, int] = {}
        columns = headings.fields(table, headings.RATERS, self.problems)
        if not self.problems.total:
            self._read(columns, table.rows)
            self._check_namesakes()

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
            post = self._post(row, cell)
            if post is not None and self.problems.total == before:
                rater = Rater(name, clean(cell["code"]), phone or "", clean(cell["address"]))
                self._join(rater, post)

    def _check_namesakes(self) -> None:
        """Refuse two persons whom nothing but the phone tells apart: their ids would be one."""
        seen: dict[str, int] = {}
        for rater in self.raters:
            row = rater.posts[0].row
            first = seen.setdefault(rater.natural_key(), row)
            if first != row:
                self._fault(
                    (row, "Mã người"),
                    Rule.NAMESAKE,
                    f"Cùng họ tên, cơ quan và nhóm với dòng {first} nhưng khác điện thoại.",
                    "Nếu là hai người thì ghi mã người khác nhau; nếu là một thì bỏ một dòng.",
                )

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

    def _agencies_rated_by(self, group: str, rule: str) -> list[RatedAgency]:
        return [
            agency
            for survey_group, raters in self._rules(group)
            if raters.rates == rule
            for agency in self._members[survey_group.id]
        ]

    def _area(self, row: int, group: str, text: str) -> str:
        """Return the code of the agency where the area must be one, else the text."""
        own = self._agencies_rated_by(group, "own_unit")
        found = self.index.find(text)
        if not own:
            return found.code if found else clean(text)
        if found is not None and found in own:
            return found.code
        near = AgencyIndex(own).nearest(text)
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
        rated = self._agencies_rated_by(group, "own_line")
        if not rated:
            return
        index = AgencyIndex(rated)
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

    def _join(self, new: Rater, post: Post) -> None:
        """Add the row to the person it belongs to, or begin a new person."""
        keys = self._keys(new)
        known = [self._by_key[key] for key in keys if key in self._by_key]
        office = ("office", spelling(new.name), spelling(post.office), post.group)
        if not known and (namesake := self._by_key.get(office)) and _may_be(namesake, new):
            known = [namesake]
        rater = known[0] if known else new
        if not known:
            self.raters.append(rater)
        elif not self._is_same(rater, known[-1], new, post):
            return
        rater.code = rater.code or new.code
        rater.phone = rater.phone or new.phone
        rater.address = rater.address or new.address
        rater.posts.append(post)
        for key in (*keys, office):
            self._by_key[key] = rater

    def _keys(self, rater: Rater) -> list[tuple[str, ...]]:
        """Return what tells that two rows are one person."""
        keys: list[tuple[str, ...]] = []
        if rater.code:
            keys.append(("code", rater.code.casefold()))
        if rater.phone:
            keys.append(("phone", spelling(rater.name), rater.phone))
        return keys

    def _is_same(self, rater: Rater, other: Rater, new: Rater, post: Post) -> bool:
        """Name a contradiction with the rows of this person so far."""
        first = rater.posts[0].row
        if rater is not other or (rater.code and new.code and rater.code != new.code):
            self._fault(
                (post.row, "Mã người"),
                Rule.TWO_CODES,
                f"Cùng họ tên và điện thoại với dòng {other.posts[0].row} nhưng khác mã người.",
                "Nếu là một người thì ghi một mã; nếu không thì sửa số điện thoại.",
            )
            return False
        if spelling(rater.name) != spelling(new.name):
            self._fault(
                (post.row, "Mã người"),
                Rule.TWO_NAMES,
                f"Mã «{new.code}» đã dùng ở dòng {first} cho người có họ tên khác.",
                "Mỗi người một mã: sửa mã hoặc họ tên.",
            )
            return False
        for earlier in rater.posts:
            if earlier.group == post.group:
                self._fault(
                    (post.row, "Họ và tên"),
                    Rule.TWICE,
                    f"Dòng {post.row} trùng dòng {earlier.row}: một người đứng hai lần trong nhóm.",
                    "Bỏ một dòng; nếu là hai người thì ghi mã người khác nhau.",
                )
                return False
        return True

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
        posts = {post.group: post for post in rater.posts}
        for raters in group.rater_groups:
            if raters.code in posts:
                return raters, posts[raters.code]
        return None

    def people(self) -> Iterator[Person]:
        """Give the persons for the vault."""
        for rater in self.raters:
            code = pseudonym(self.key, "person", rater.natural_key())
            office = "; ".join(dict.fromkeys(post.office for post in rater.posts))
            yield Person(code, rater.name, rater.phone, rater.address, office[:200])

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

    def few(self) -> list[FewTransactions]:
        """Name nothing: raters are no transactions."""
        return []
