"""Rules by which a whole list looks suspect: each with its number, to be confirmed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from surveyapp.frames.entries import Note
from surveyapp.frames.persons import Pair
from surveyapp.frames.rules import NoteRule

#: A list of transactions with fewer refused or returned files than this share is suspect.
REFUSED_SHARE = 0.005
#: More files without a phone than this share cannot be invited by phone.
NO_PHONE_SHARE = 0.2
#: One phone on so many files is a go-between's or an official's, not the citizen's.
FILES_PER_PHONE = 5
#: A count that differs from the published one by more than this share is suspect.
COUNT_SHARE = 0.05
_SHOWN = 8


@dataclass(slots=True)
class FileFacts:
    """What was counted in a list of transactions."""

    rows: int = 0
    outside_period: int = 0
    with_due_day: int = 0
    late: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)


def file_notes(
    facts: FileFacts, phones: Sequence[str], published: Mapping[tuple[str, str], int], year: int
) -> Iterator[Note]:
    """Say what is suspect in a list of transactions.

    Parameters
    ----------
    phones : of each row, "" where there is none.
    published : number of files by (agency, "files").
    year : of the survey.
    """
    if not facts.rows:
        return
    if facts.outside_period:
        yield Note(
            NoteRule.OUTSIDE_PERIOD,
            facts.outside_period,
            f"{facts.outside_period} hồ sơ có ngày trả kết quả ngoài năm {year}.",
        )
    yield from _outcome_notes(facts)
    yield from _phone_notes(phones)
    if len(facts.channels) == 1:
        yield Note(
            NoteRule.ONE_CHANNEL,
            1,
            "Mọi hồ sơ có cùng một hình thức nộp: kiểm tra xem có thiếu hồ sơ trực tuyến hoặc bưu "
            "chính không.",
        )
    yield from _count_notes(facts.agencies, published)


def _outcome_notes(facts: FileFacts) -> Iterator[Note]:
    refused = facts.outcomes["rejected"] + facts.outcomes["returned"]
    share = refused / facts.rows
    if not facts.outcomes["rejected"] or share < REFUSED_SHARE:
        yield Note(
            NoteRule.REFUSED_SHARE,
            share,
            f"Danh sách có {facts.outcomes['rejected']} hồ sơ bị từ chối, "
            f"{facts.outcomes['returned']} hồ sơ trả lại trên {facts.rows} ({_pct(share)}). "
            "Người bị từ chối cũng thuộc diện hỏi ý kiến: kiểm tra xem danh sách có bị lọc bớt "
            "không.",
        )
    if facts.outcomes["pending"]:
        yield Note(
            NoteRule.PENDING,
            facts.outcomes["pending"],
            f"Có {facts.outcomes['pending']} hồ sơ đang giải quyết; chỉ nên giữ hồ sơ đã quá hạn.",
        )
    if not facts.with_due_day:
        yield Note(
            NoteRule.LATE_SHARE,
            0,
            "Không có ngày hẹn trả nên không biết hồ sơ trễ hạn; hồ sơ trễ cũng thuộc diện hỏi.",
        )
    elif not facts.late:
        yield Note(
            NoteRule.LATE_SHARE,
            0,
            f"Không hồ sơ nào trễ hạn trong {facts.with_due_day} hồ sơ có ngày hẹn trả: kiểm tra "
            "xem danh sách có bị lọc bớt không.",
        )


def _phone_notes(phones: Sequence[str]) -> Iterator[Note]:
    missing = sum(not phone for phone in phones)
    if missing > NO_PHONE_SHARE * len(phones):
        yield Note(
            NoteRule.NO_PHONES,
            missing / len(phones),
            f"{missing} trên {len(phones)} hồ sơ không có điện thoại ({_pct(missing / len(phones))}"
            "): những người này chỉ mời được qua bưu điện.",
        )
    shared = [n for phone, n in Counter(phones).items() if phone and n > FILES_PER_PHONE]
    if shared:
        yield Note(
            NoteRule.SHARED_PHONE,
            len(shared),
            f"{len(shared)} số điện thoại đứng ở hơn {FILES_PER_PHONE} hồ sơ (nhiều nhất "
            f"{max(shared)} hồ sơ): có thể là số của người nộp hộ hoặc của cán bộ.",
        )


def _count_notes(
    found: Mapping[str, int], published: Mapping[tuple[str, str], int]
) -> Iterator[Note]:
    differing = [
        f"{agency}: {found.get(agency, 0)} so với {count}"
        for (agency, _), count in sorted(published.items())
        if abs(found.get(agency, 0) - count) > COUNT_SHARE * count
    ]
    if differing:
        yield Note(
            NoteRule.PUBLISHED_COUNT,
            len(differing),
            f"{len(differing)} cơ quan có số hồ sơ lệch số đã công bố hơn {_pct(COUNT_SHARE)}: "
            f"{_some(differing)}.",
        )


def rater_notes(persons: int, without_contact: int, pairs: Sequence[Pair]) -> Iterator[Note]:
    """Say what is suspect in a list of raters."""
    if persons and without_contact:
        yield Note(
            NoteRule.NO_CONTACT,
            without_contact,
            f"{without_contact} dòng không có điện thoại và nơi nhận phiếu: thư mời chỉ gửi được "
            "qua cơ quan công tác.",
        )
    open_pairs = [pair for pair in pairs if pair.verdict is None]
    if open_pairs:
        merged = sum(pair.is_merged for pair in open_pairs)
        yield Note(
            NoteRule.DOUBLE_POSTS,
            len(open_pairs),
            f"{len(open_pairs)} cặp dòng có thể là một người chưa được quyết định: {merged} cặp "
            f"đang gộp làm một, {len(open_pairs) - merged} cặp đang coi là hai người.",
        )


def headcount_notes(
    expected: Mapping[tuple[str, str], int],
    sent: Mapping[tuple[str, str], int],
    titles: Mapping[str, str],
) -> Iterator[Note]:
    """Compare the rows of each unit and rater group with the expected head-count."""
    differing = [
        f"{unit}, {titles.get(group, group)}: {sent.get((unit, group), 0)} so với {count}"
        for (unit, group), count in expected.items()
        if sent.get((unit, group), 0) != count
    ]
    if differing:
        yield Note(
            NoteRule.HEAD_COUNT,
            len(differing),
            f"{len(differing)} nơi có số người khác số dự kiến: {_some(differing)}.",
        )


def _some(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = f" và {len(listed) - _SHOWN} nơi khác" if len(listed) > _SHOWN else ""
    return "; ".join(listed[:_SHOWN]) + more


def _pct(share: float) -> str:
    return f"{100 * share:.1f}%".replace(".", ",")
