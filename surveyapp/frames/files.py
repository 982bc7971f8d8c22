"""Lists of transactions of the service survey: one file (hồ sơ) per row, read in one pass."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from surveyapp import clock
from surveyapp.frames import cells, headings
from surveyapp.frames.agencies import AgencyIndex
from surveyapp.frames.entries import NOTHING_KNOWN, Context, Entry, FewTransactions, Note, Person
from surveyapp.frames.persons import Pair
from surveyapp.frames.plausibility import FileFacts, file_notes
from surveyapp.frames.pseudonyms import pseudonym
from surveyapp.frames.rules import Rule
from surveyapp.importers.table import Problems, Table, TableProblem
from surveyapp.importers.tables import lost_zeros
from surveyapp.models import Survey
from surveyapp.surveys.names import clean, spelling
from surveyapp.surveys.plan import MIN_TRANSACTIONS


class FileList:
    """A checked list of transactions."""

    def __init__(
        self, survey: Survey, table: Table, key: bytes, context: Context = NOTHING_KNOWN
    ) -> None:
        self.problems = Problems()
        self.survey = survey
        self.key = key
        self.table = table
        self.index = AgencyIndex(survey.agencies)
        self._groups = {group.id: group.code for group in survey.groups}
        self._words = {
            "respondent": cells.Words(cells.RESPONDENTS),
            "outcome": cells.Words(cells.OUTCOMES),
            "channel": cells.Words(cells.CHANNELS),
        }
        self._titles = {heading.field: heading.title for heading in headings.FILES}
        self._days: dict[str, date | None] = {}
        self._context = context
        #: Of the rows with a day on which the result was due: whether it came after it.
        self._late: dict[int, bool] = {}
        self._facts = FileFacts(rows=len(table.rows))
        #: Per row: what names the file and the person, her pseudonym, the phone in one form.
        self._naturals: list[str] = []
        self._keys: list[str] = []
        self._persons: list[str] = []
        self._phones: list[str] = []
        self.columns = headings.fields(table, headings.FILES, self.problems)
        if not self.problems.total:
            self._check()
        self._units = [] if self.problems.total else self._unit_codes()

    def _fault(self, place: tuple[int, str], code: Rule, message: str, fix: str) -> None:
        row, name = place
        title = self._titles[name]
        self.problems.add(TableProblem(code, message, fix, self.table.sheet, row, title))

    def _check(self) -> None:
        seen: dict[str, int] = {}
        for i, row in enumerate(self.table.rows):
            self._check_agency(i, row)
            for name, words in self._words.items():
                self._check_word(name, words, (i, row))
            self._check_day(i, row)
            self._check_phone(i, row)
            self._check_key(i, row, seen)
        headings.check_lengths(self.table, headings.FILES, self.columns, self.problems)

    def _check_phone(self, i: int, row: int) -> None:
        phone = cells.phone(self.columns["phone"][i])
        if phone is None:
            self._fault(
                (row, "phone"),
                Rule.NO_PHONE,
                f"«{self.columns['phone'][i]}» không phải số điện thoại.",
                "Ghi số như 0912345678, hoặc để trống.",
            )
        self._phones.append(phone or "")

    def _check_agency(self, i: int, row: int) -> None:
        text = self.columns["agency"][i]
        agency = self.index.find(text)
        if agency is None:
            self._fault(
                (row, "agency"),
                Rule.UNKNOWN_AGENCY,
                f"Không có cơ quan «{text}» trong kế hoạch." if text else "Chưa ghi cơ quan.",
                f"Ghi đúng tên; gần nhất là «{self.index.nearest(text)}».",
            )
            return
        self._facts.agencies[agency.code] += 1

    def _check_word(self, name: str, words: cells.Words, place: tuple[int, int]) -> None:
        i, row = place
        text = self.columns[name][i]
        code = words.code(text)
        if code is None:
            self._fault(
                (row, name),
                Rule.UNKNOWN_WORD,
                f"«{text}» không dùng được." if text else "Ô còn trống.",
                f"Ghi một trong: {words.allowed}.",
            )
        elif name == "outcome":
            self._facts.outcomes[code] += 1
        elif name == "channel":
            self._facts.channels[code] += 1

    def _check_day(self, i: int, row: int) -> None:
        finished_on = self._day("finished_on", i, row)
        due_on = self._day("due_on", i, row)
        if finished_on is not None:
            if finished_on > clock.today():
                self._fault(
                    (row, "finished_on"),
                    Rule.LATER_THAN_TODAY,
                    f"Ngày trả kết quả {self.columns['finished_on'][i]} ở sau hôm nay.",
                    "Kiểm tra lại ngày, tháng, năm.",
                )
            self._facts.outside_period += finished_on.year != self.survey.year
        if due_on is not None:
            self._facts.with_due_day += 1
            self._late[i] = (finished_on or clock.today()) > due_on
            self._facts.late += self._late[i]

    def _day(self, name: str, i: int, row: int) -> date | None:
        text = self.columns[name][i]
        if not text:
            return None
        if text not in self._days:
            self._days[text] = cells.day(text)
        if self._days[text] is None:
            self._fault(
                (row, name),
                Rule.NO_DAY,
                f"«{text}» không phải ngày.",
                "Ghi dạng 15/11/2024, hoặc để trống nếu đang giải quyết.",
            )
        return self._days[text]

    def _check_key(self, i: int, row: int, seen: dict[str, int]) -> None:
        natural = self._natural_key(i)
        if not natural:
            self._fault(
                (row, "code"),
                Rule.NO_KEY,
                "Không có mã hồ sơ, cũng không có họ tên.",
                "Điền mã hồ sơ và họ tên.",
            )
        elif not clean(self.columns["name"][i]) and self._is_measured(i):
            self._fault(
                (row, "name"),
                Rule.NO_NAME,
                "Chưa có họ tên: nếu được chọn thì không gửi thư mời cho ai được.",
                "Điền tên người hoặc tổ chức nộp hồ sơ.",
            )
        elif natural in seen:
            self._fault(
                (row, "code"),
                Rule.TWICE,
                f"Dòng {row} trùng dòng {seen[natural]}: cùng một hồ sơ.",
                "Bỏ một dòng; nếu là hai hồ sơ thì ghi mã khác nhau.",
            )
        else:
            seen[natural] = row

        self._naturals.append(natural)
        self._keys.append(self._person_key(i))
        self._persons.append(pseudonym(self.key, "person", self._keys[i] or natural))

    def _unit_codes(self) -> list[str]:
        """Name the files of a person by her, one after the other at every agency.

        A year later she has other files: with her first one under the same id, two waves know that
        she was asked. Who left no phone is known by the file only.
        """
        units = [""] * len(self._naturals)
        counted: Counter[tuple[str, str]] = Counter()
        for i in sorted(range(len(units)), key=self._naturals.__getitem__):
            person, agency = self._keys[i], self.index.find(self.columns["agency"][i])
            if not person or agency is None:
                units[i] = pseudonym(self.key, "unit", self._naturals[i])
                continue
            counted[person, agency.code] += 1
            number = str(counted[person, agency.code])
            units[i] = pseudonym(self.key, "file", person, agency.code, number)
        return units

    def _natural_key(self, i: int) -> str:
        code = clean(self.columns["code"][i]).casefold()
        if code:
            return f"code {code}"
        name = spelling(self.columns["name"][i])
        if not name:
            return ""
        rest = ("agency", "finished_on", "phone")
        return "\x1f".join([f"name {name}", *(spelling(self.columns[k][i]) for k in rest)])

    def _person_key(self, i: int) -> str:
        """Return what is the same for every file of one person; "" where too little is known."""
        if not self._phones[i]:
            return ""
        name = spelling(self.columns["name"][i])
        return f"{name}\x1f{self._phones[i]}" if name else ""

    def _is_measured(self, i: int) -> bool:
        agency = self.index.find(self.columns["agency"][i])
        return agency is not None and agency.exclusion is None

    def entries(self) -> Iterator[Entry]:
        """Give a row per file of an agency that is measured."""
        for i in range(len(self.table.rows)):
            agency = self.index.find(self.columns["agency"][i])
            if agency is None or agency.exclusion is not None:
                continue
            attributes = {
                name: words.code(self.columns[name][i]) for name, words in self._words.items()
            }
            if i in self._late:
                attributes["late"] = "yes" if self._late[i] else "no"
            yield Entry(
                self._units[i],
                self._persons[i],
                agency.code,
                self._groups[agency.group_id],
                {"agency": agency.code, **attributes},
            )

    def people(self) -> Iterator[Person]:
        """Give the persons who left a name, once each."""
        seen: set[str] = set()
        names: Sequence[str] = self.columns["name"]
        for i in range(len(self.table.rows)):
            name = clean(names[i])
            if not name or not self._is_measured(i):
                continue
            code = self._persons[i]
            if code not in seen:
                seen.add(code)
                yield Person(code, name, self._phones[i], "", "")

    def warnings(self) -> list[str]:
        """Say what an official should look at."""
        texts = []
        skipped = sum(
            count
            for code, count in self._facts.agencies.items()
            if self.index.agencies[code].exclusion
        )
        if skipped:
            texts.append(f"Bỏ qua {skipped} hồ sơ của các cơ quan ngoài diện đo lường.")
        named = lost_zeros(self.table, "Mã hồ sơ") if "Mã hồ sơ" in self.table.columns else None
        return [*texts, str(named)] if named else texts

    @property
    def pairs(self) -> list[Pair]:
        """Nothing: files of one person are no doubt."""
        return []

    def notes(self) -> list[Note]:
        """Say what makes the list suspect."""
        published = self._context.expected
        return list(file_notes(self._facts, self._phones, published, self.survey.year))

    def few(self) -> list[FewTransactions]:
        """Name the agencies of the plan with fewer files than the plan's threshold."""
        threshold = int(self.survey.plan.get("min_transactions") or MIN_TRANSACTIONS)
        return [
            FewTransactions(agency.code, agency.title, self._facts.agencies[agency.code], threshold)
            for agency in self.survey.agencies
            if agency.exclusion is None and self._facts.agencies[agency.code] < threshold
        ]
