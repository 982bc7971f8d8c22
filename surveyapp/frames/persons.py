"""Persons behind the rows of lists: several posts of one person are joined, doubts are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from surveyapp.frames.pseudonyms import pseudonym
from surveyapp.frames.rules import Rule
from surveyapp.importers.table import Problems, TableProblem
from surveyapp.surveys.names import spelling

#: Joins the parts of a stratum key.
SEPARATOR = " | "


@dataclass(frozen=True, slots=True)
class Post:
    """One row: a person in one rater group, in the list of one unit (`source`)."""

    row: int
    source: str
    group: str
    area: str
    office: str
    own: frozenset[str]
    line: frozenset[str]


@dataclass(slots=True)
class Rater:
    """A person with her posts, in the order of the lists."""

    name: str
    code: str
    phone: str
    birth: str
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


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may be one person: what they share, and what was decided.

    `shared` holds "code", "phone", "birth" or "office"; without a decision rows that share a code,
    a phone or an office are taken for one person, those that share a year of birth are not.
    """

    code: str
    name: str
    first: Post
    second: Post
    shared: frozenset[str]
    verdict: str | None

    @property
    def is_merged(self) -> bool:
        """Whether the two rows are taken for one person."""
        if self.verdict is not None:
            return self.verdict == "same"
        return self.shared != {"birth"}


@dataclass(slots=True)
class _Known:
    """Where a key of a person was met first."""

    rater: Rater
    post: Post
    identity: str


class Persons:
    """Joins rows to persons, by what was decided and else by what they share."""

    def __init__(
        self, key: bytes, problems: Problems, sheet: str, verdicts: Mapping[str, str]
    ) -> None:
        self.raters: list[Rater] = []
        self.pairs: list[Pair] = []
        self._key = key
        self._problems = problems
        self._sheet = sheet
        self._verdicts = verdicts
        self._known: dict[tuple[str, ...], _Known] = {}

    def _fault(self, place: tuple[int, str], code: Rule, message: str, fix: str) -> None:
        row, column = place
        self._problems.add(TableProblem(code, message, fix, self._sheet, row, column))

    def add(self, new: Rater, post: Post) -> None:
        """Add the row to the person it belongs to, or begin a new person."""
        identity = self._identity(new, post)
        keys = self._keys(new, post)
        same: list[tuple[Rater, bool]] = []
        for known, shared in self._candidates(keys):
            verdict = self._compare(known, shared, (new, post, identity))
            if verdict == "fault":
                return
            if verdict != "different" and all(known.rater is not r for r, _ in same):
                same.append((known.rater, verdict == "same"))
        rater = self._joined(same, new, post)
        if rater is None:
            return
        for taken in keys:
            self._known.setdefault(taken, _Known(rater, post, identity))

    def _joined(self, same: list[tuple[Rater, bool]], new: Rater, post: Post) -> Rater | None:
        """Put the row to its person; None where it contradicts the rows so far."""
        if not same:
            new.posts.append(post)
            self.raters.append(new)
            return new
        rater = same[0][0]
        for other, _ in same[1:]:
            self._fold(rater, other)
        if self._stands_twice(rater, post, decided=any(decided for _, decided in same)):
            return None
        rater.code = min(filter(None, (rater.code, new.code)), default="")
        rater.phone = rater.phone or new.phone
        rater.address = rater.address or new.address
        rater.posts.append(post)
        return rater

    def _identity(self, rater: Rater, post: Post) -> str:
        known = (spelling(rater.name), spelling(post.office), post.group)
        more = (rater.code.casefold(), rater.phone, rater.birth)
        return pseudonym(self._key, "post", *known, *more)

    def _keys(self, rater: Rater, post: Post) -> dict[tuple[str, ...], str]:
        """Return what tells that two rows may be one person: key -> what it is."""
        name = spelling(rater.name)
        keys: dict[tuple[str, ...], str] = {
            ("office", name, spelling(post.office), post.group): "office"
        }
        if rater.code:
            keys["code", rater.code.casefold()] = "code"
        if rater.phone:
            keys["phone", name, rater.phone] = "phone"
        if rater.birth:
            keys["birth", name, rater.birth] = "birth"
        return keys

    def _candidates(
        self, keys: Mapping[tuple[str, ...], str]
    ) -> list[tuple[_Known, frozenset[str]]]:
        """Return the earlier rows that share something, each with what it shares."""
        found: dict[int, tuple[_Known, set[str]]] = {}
        for key, what in keys.items():
            if key in self._known:
                known = self._known[key]
                found.setdefault(known.post.row, (known, set()))[1].add(what)
        return [(known, frozenset(shared)) for known, shared in found.values()]

    def _compare(self, known: _Known, shared: frozenset[str], row: tuple[Rater, Post, str]) -> str:
        """Return "same", "different", "fault", or "merged" where nobody had to decide."""
        new, post, identity = row
        own_list = known.post.source == post.source
        if "code" in shared and spelling(known.rater.name) != spelling(new.name):
            return self._two_names(known, new, post) if own_list else "different"
        if shared == {"office"} and not _may_be(known.rater, new):
            return "different"
        if own_list and (shared == {"office"} or "code" in shared):
            return "merged"  # the list itself says so, or says it twice
        pair = pseudonym(self._key, "pair", *sorted((known.identity, identity)))
        verdict = self._verdicts.get(pair)
        two_codes = bool(known.rater.code and new.code and known.rater.code != new.code)
        if verdict is None and own_list and two_codes and "phone" in shared:
            return self._two_codes(known, post)
        self.pairs.append(Pair(pair, new.name, known.post, post, shared, verdict))
        if not self.pairs[-1].is_merged:
            return "different"
        return "merged" if verdict is None else "same"

    def _two_names(self, known: _Known, new: Rater, post: Post) -> str:
        self._fault(
            (post.row, "Mã người"),
            Rule.TWO_NAMES,
            f"Mã «{new.code}» đã dùng ở dòng {known.post.row} cho người có họ tên khác.",
            "Mỗi người một mã: sửa mã hoặc họ tên.",
        )
        return "fault"

    def _two_codes(self, known: _Known, post: Post) -> str:
        self._fault(
            (post.row, "Mã người"),
            Rule.TWO_CODES,
            f"Cùng họ tên và điện thoại với dòng {known.post.row} nhưng khác mã người.",
            "Nếu là một người thì ghi một mã; nếu không thì sửa số điện thoại.",
        )
        return "fault"

    def _stands_twice(self, rater: Rater, post: Post, *, decided: bool) -> bool:
        """Name a row that stands twice in one list; in two lists it is one person all the same."""
        for earlier in rater.posts:
            if earlier.group == post.group and earlier.source == post.source and not decided:
                self._fault(
                    (post.row, "Họ và tên"),
                    Rule.TWICE,
                    f"Dòng {post.row} trùng dòng {earlier.row}: một người đứng hai lần trong nhóm.",
                    "Bỏ một dòng; nếu là hai người thì ghi mã người khác nhau.",
                )
                return True
        return False

    def _fold(self, rater: Rater, other: Rater) -> None:
        """Make two persons one: a later row has shown that they are."""
        rater.code = min(filter(None, (rater.code, other.code)), default="")
        rater.phone = rater.phone or other.phone
        rater.address = rater.address or other.address
        rater.posts += other.posts
        self.raters = [person for person in self.raters if person is not other]
        for known in self._known.values():
            if known.rater is other:
                known.rater = rater

    def finish(self) -> None:
        """Tell persons apart for their ids; refuse two whom nothing but a phone tells apart."""
        first: dict[str, Rater] = {}
        for rater in self.raters:
            if rater.code and first.setdefault(rater.code.casefold(), rater) is not rater:
                rater.code = first[rater.code.casefold()].code = ""
        seen: dict[str, int] = {}
        for rater in self.raters:
            row = rater.posts[0].row
            earlier = seen.setdefault(rater.natural_key(), row)
            if earlier != row:
                self._fault(
                    (row, "Mã người"),
                    Rule.NAMESAKE,
                    f"Cùng họ tên, cơ quan và nhóm với dòng {earlier} nhưng khác điện thoại.",
                    "Nếu là hai người thì ghi mã người khác nhau; nếu là một thì bỏ một dòng.",
                )


def _may_be(known: Rater, new: Rater) -> bool:
    """Whether nothing tells apart two persons of one name, office and group."""
    told = ((known.code, new.code), (known.phone, new.phone), (known.birth, new.birth))
    return all(len({one, other} - {""}) < 2 for one, other in told)
