"""Simulated lists of finished dossiers, as the agencies' one-stop systems would give them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from surveyapp.practice import chance, people
from surveyapp.surveys.plan import Plan

#: Agencies of the practice plan that hardly handle dossiers of the public, with their numbers.
TOO_FEW = {"Thanh tra tỉnh": 14, "Văn phòng Ủy ban nhân dân tỉnh": 22}
FEWEST, MOST = 300, 2400
ONLINE_SHARE = 0.70
ORGANISATION_SHARE = 0.22
#: Share of dossiers whose applicant has another one in the same list.
AGAIN_SHARE = 0.06
_OUTCOMES = (("đã cấp", 0.93), ("từ chối", 0.03), ("trả lại", 0.04))
_CHANNELS = (("trực tuyến", ONLINE_SHARE), ("trực tiếp", 0.24), ("bưu chính", 0.06))


def transaction_rows(plan: Plan, seed: str, scale: float = 1.0) -> Iterator[dict[str, str]]:
    """Yield the dossiers of all agencies of a plan under the headings of the template."""
    phones = 0
    for group in plan.groups:
        for agency in group.agencies:
            random = chance.generator(seed, "transactions", agency)
            n = TOO_FEW.get(agency) or _size(random, scale)
            yield from _of_agency(agency, n, random, (plan.year, phones))
            phones += n


def _size(random: np.random.Generator, scale: float) -> int:
    """Return a number of dossiers: most agencies have some hundreds, few have thousands."""
    low, high = np.log(FEWEST * scale), np.log(MOST * scale)
    return max(40, round(float(np.exp(random.uniform(low, high)))))


def _of_agency(
    agency: str, n: int, random: np.random.Generator, start: tuple[int, int]
) -> Iterator[dict[str, str]]:
    year, phones = start
    is_organisation = random.random(n) < ORGANISATION_SHARE
    persons, organisations = people.names(random, n), people.organisations(random, n)
    outcomes, channels = _words(random, _OUTCOMES, n), _words(random, _CHANNELS, n)
    days = random.integers(0, 270, size=n)
    #: A dossier of somebody who has an earlier one takes that one's applicant.
    earlier = [
        int(random.integers(i)) if i and again else i
        for i, again in enumerate(random.random(n) < AGAIN_SHARE)
    ]
    applicants: list[int] = []
    for i, other in enumerate(earlier):
        applicants.append(i if other == i else applicants[other])
        who = applicants[i]
        yield {
            "Mã hồ sơ": f"MP-{year}-{phones + i + 1:06d}",
            "Cơ quan": agency,
            "Đối tượng": "tổ chức" if is_organisation[who] else "cá nhân",
            "Kết quả": outcomes[i],
            "Hình thức nộp": channels[i],
            "Ngày trả kết quả": f"{date(year, 1, 2) + timedelta(days=int(days[i])):%d/%m/%Y}",
            "Họ tên": organisations[who] if is_organisation[who] else persons[who],
            "Điện thoại": people.phone(100_000 + phones + who),
        }


def _words(random: np.random.Generator, shares: Sequence[tuple[str, float]], n: int) -> list[str]:
    bounds = np.cumsum([share for _, share in shares])
    places = np.minimum(np.searchsorted(bounds, random.random(n), side="right"), len(shares) - 1)
    return [shares[place][0] for place in places]
