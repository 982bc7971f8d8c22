"""Simulated lists of raters, as offices would send them for the survey of a plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from surveyapp.practice import chance, people
from surveyapp.surveys.plan import Plan, PlanGroup, PlanRaters

#: How many persons of each kind the province has (2024, by the numbers of the plan).
SIZES: Mapping[str, int] = {
    "provincial_council": 55,
    "district_leaders": 33,
    "district_divisions": 360,
    "district_council": 330,
    "provincial_agency_leaders": 60,
    "commune_leaders": 310,
}
FIRST_PHONE = 500_000
#: A kind of raters that a plan names and this list does not.
OTHER_SIZE = 60
#: Divisions of a district, with the provincial agencies of their line.
DIVISIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Văn phòng HĐND và UBND", ("Văn phòng Ủy ban nhân dân tỉnh",)),
    ("Phòng Nội vụ", ("Sở Nội vụ",)),
    ("Phòng Tư pháp", ("Sở Tư pháp",)),
    ("Phòng Tài chính - Kế hoạch", ("Sở Tài chính", "Sở Kế hoạch và Đầu tư")),
    ("Phòng Văn hóa và Thông tin", ("Sở Thông tin và Truyền thông",)),
    ("Phòng Giáo dục và Đào tạo", ("Sở Giáo dục và Đào tạo",)),
    ("Phòng Y tế", ("Sở Y tế",)),
    (
        "Phòng Kinh tế và Hạ tầng",
        ("Sở Công Thương", "Sở Giao thông vận tải", "Sở Xây dựng", "Sở Khoa học và Công nghệ"),
    ),
    ("Phòng Tài nguyên và Môi trường", ("Sở Tài nguyên và Môi trường",)),
    ("Phòng Lao động - TB và XH", ("Sở Lao động - Thương binh và Xã hội",)),
    ("Phòng Nông nghiệp và PTNT", ("Sở Nông nghiệp và Phát triển nông thôn",)),
    ("Thanh tra", ("Thanh tra tỉnh",)),
    ("Ban Quản lý cụm công nghiệp", ("Ban Quản lý Khu kinh tế tỉnh", "Sở Công Thương")),
)
_BODIES = (
    "Ủy ban Mặt trận Tổ quốc Việt Nam tỉnh",
    "Hội Nông dân tỉnh",
    "Hội Liên hiệp Phụ nữ tỉnh",
    "Liên đoàn Lao động tỉnh",
    "Trường đại học (mô phỏng)",
    "Doanh nghiệp (mô phỏng)",
)


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One row of a list: a person in one post."""

    code: str
    name: str
    group: str
    office: str
    area: str = ""
    line: tuple[str, ...] = ()
    phone: str = ""
    address: str = ""

    @property
    def cells(self) -> dict[str, str]:
        """The row under the headings of the template."""
        return {
            "Mã người": self.code,
            "Họ và tên": self.name,
            "Nhóm người đánh giá": self.group,
            "Địa bàn": self.area,
            "Cơ quan công tác": self.office,
            "Cơ quan ngành dọc": "; ".join(self.line),
            "Điện thoại": self.phone,
            "Nơi nhận phiếu": self.address,
        }


@dataclass(slots=True)
class _Lists:
    """The rows so far, by kind of raters."""

    seed: str
    scale: float
    districts: tuple[str, ...]
    rows: dict[str, list[RaterRow]] = field(default_factory=dict)
    persons: int = 0

    def size(self, kind: str) -> int:
        """Return how many persons of a kind are listed."""
        return max(1, round(SIZES.get(kind, OTHER_SIZE) * self.scale))

    def add(self, raters: PlanRaters, places: Iterable[RaterRow]) -> None:
        """Put an invented person into every place of a kind."""
        posts = list(places)
        for post, name in zip(
            posts,
            people.names(chance.generator(self.seed, "raters", raters.code), len(posts)),
            strict=True,
        ):
            self.persons += 1
            person = replace(
                post,
                code=f"MP{self.persons:04d}",
                name=name,
                phone=people.phone(FIRST_PHONE + self.persons),
            )
            self.rows.setdefault(raters.code, []).append(person)


def rater_rows(plan: Plan, seed: str, scale: float = 1.0) -> list[RaterRow]:
    """Return the lists of a sociological plan, of the province's real sizes times `scale`.

    Every kind of raters is listed once, even if it rates two groups of agencies. Some persons
    stand in two lists with one code: deputies who lead an agency, leaders who are deputies.
    """
    lists = _Lists(seed, scale, _districts(plan))
    for group in plan.groups:
        for raters in group.raters:
            if raters.code not in lists.rows:
                lists.add(raters, _posts(lists, group, raters))
    _give_second_posts(lists.rows)
    return [row for rows in lists.rows.values() for row in rows]


def _districts(plan: Plan) -> tuple[str, ...]:
    """Return the units whose own people rate them."""
    found = (
        group.agencies
        for group in plan.groups
        if any(raters.rates == "own_unit" for raters in group.raters)
    )
    return next(found, ("Huyện giả định",))


def _posts(lists: _Lists, group: PlanGroup, raters: PlanRaters) -> Iterator[RaterRow]:
    n = lists.size(raters.code)
    if raters.rates == "own_line":
        yield from _division_posts(lists, group, raters, n)
        return
    for i in range(n):
        area, turn = lists.districts[i % len(lists.districts)], i // len(lists.districts)
        if raters.rates == "own_unit":
            office = f"UBND xã số {turn + 1}, {area}"
            yield _post(raters, office, area, f"Văn phòng HĐND và UBND {area}")
        elif raters.code == "district_leaders":
            yield _post(raters, f"UBND {area}", area, f"UBND {area}")
        elif raters.code == "provincial_agency_leaders":
            office = _provincial(group, lists)[i % len(_provincial(group, lists))]
            yield _post(raters, office, "", office)
        else:
            office = _BODIES[i % len(_BODIES)]
            yield _post(raters, office, "", "Văn phòng HĐND tỉnh")


def _post(raters: PlanRaters, office: str, area: str, address: str) -> RaterRow:
    return RaterRow("", "", raters.title, office, area, address=address)


def _provincial(group: PlanGroup, lists: _Lists) -> tuple[str, ...]:
    """Return the agencies whose leaders rate the districts: those of the lines."""
    named = tuple(dict.fromkeys(agency for _, line in DIVISIONS for agency in line))
    return tuple(name for name in named if name not in group.agencies) or lists.districts


def _division_posts(
    lists: _Lists, group: PlanGroup, raters: PlanRaters, n: int
) -> Iterator[RaterRow]:
    """List the heads of all divisions first, then their deputies, up to `n`."""
    kept = [
        (division, tuple(agency for agency in line if agency in group.agencies))
        for division, line in DIVISIONS
    ]
    divisions = [(district, *entry) for district in lists.districts for entry in kept if entry[1]]
    for i in range(n):
        district, division, line = divisions[i % len(divisions)]
        office = f"{division}, {district}"
        yield replace(_post(raters, office, district, f"UBND {district}"), line=line)


#: (kind whose first persons also hold a post of another kind, the other kind, their share of it)
_DOUBLE_POSTS = (
    ("provincial_agency_leaders", "provincial_council", 0.10),
    ("district_leaders", "district_council", 0.02),
    ("commune_leaders", "district_council", 0.05),
)


def _give_second_posts(rows: dict[str, list[RaterRow]]) -> None:
    """Let some persons hold posts of another list in their area, in the place of who was there.

    They keep code, name and office in both rows, by which the import knows them again.
    """
    shared: set[str] = set()
    for first, second, share in _DOUBLE_POSTS:
        posts = rows.get(second, [])
        for person in rows.get(first, [])[: round(share * len(posts))]:
            free = (
                i
                for i, post in enumerate(posts)
                if post.code not in shared and post.area in ("", person.area)
            )
            place = next(free, None)
            if place is not None:
                posts[place] = replace(person, group=posts[place].group, area=posts[place].area)
                shared.add(person.code)
