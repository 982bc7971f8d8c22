"""The ledger of the tablets: what each counted on each day, beside what the server took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.db import INSERT
from surveyapp.errors import AppError
from surveyapp.models import Device, DeviceDay

#: What a tablet counts; every form that was completed is unsent, received or needs attention.
COUNTS: Final = ("started", "completed", "broken_off", "unsent", "received", "attention")
MEMBERS: Final = frozenset({"day", "revision", *COUNTS})
MOST_DAYS: Final = 62
LARGEST: Final = 1_000_000
#: So many days are shown one by one.
LAST_DAYS: Final = 7

_COUNT: Final = {
    name: (one := insert(DeviceDay)).on_conflict_do_update(
        index_elements=["device_id", "day"],
        set_={"accepted": DeviceDay.accepted + one.excluded.accepted},
    )
    for name, insert in INSERT.items()
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """New forms that the server took from all tablets of some agencies; newest day first."""

    days: tuple[date, ...]
    #: agency -> its forms on each of `days`
    by_agency: Mapping[str, tuple[int, ...]]
    #: agency -> its forms on all days
    total: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The days of one tablet, newest first, and in words where the two sides differ."""

    days: tuple[DeviceDay, ...]
    differences: tuple[str, ...]

    @property
    def is_reported(self) -> bool:
        """Whether the tablet keeps a ledger of its own."""
        return any(day.revision for day in self.days)


def count_accepted(connection: Connection, counts: Mapping[int, int], day: date) -> None:
    """Count the new forms that the server took from each tablet today, in one statement."""
    rows = [
        {"device_id": device_id, "day": day, "accepted": count, "revision": 0}
        | dict.fromkeys(COUNTS, 0)
        for device_id, count in sorted(counts.items())  # nobody waits in a circle
        if count
    ]
    if rows:
        connection.execute(_COUNT[connection.dialect.name], rows)


def report(db: Session, device_id: int, body: object) -> None:
    """Keep what a tablet counted; the same report again, or an older one, changes nothing.

    Raises
    ------
    AppError : 422, the report has not the right shape; nothing of it is kept.
    """
    days = _days(body)
    if not days:
        return
    connection = db.connection()
    insert = INSERT[connection.dialect.name](DeviceDay)
    names = ("revision", *COUNTS)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["device_id", "day"],
            set_={name: insert.excluded[name] for name in names},
            where=DeviceDay.revision < insert.excluded.revision,
        ),
        [{"device_id": device_id, "accepted": 0, **day} for day in days],
    )


def _days(body: object) -> list[dict[str, Any]]:
    days = body.get("days") if isinstance(body, Mapping) and body.keys() == {"days"} else None
    if not isinstance(days, list) or len(days) > MOST_DAYS:
        raise _broken(f"Cần mục «days» là một danh sách, nhiều nhất {MOST_DAYS} ngày.")
    read = [_day(one) for one in days]
    if len({one["day"] for one in read}) < len(read):
        raise _broken("Một ngày được ghi hai lần.")
    return read


def _day(one: object) -> dict[str, Any]:
    if not isinstance(one, Mapping) or one.keys() != MEMBERS:
        raise _broken(f"Mỗi ngày cần đúng các mục: {', '.join(sorted(MEMBERS))}.")
    counts = {name: one[name] for name in ("revision", *COUNTS)}
    if not all(type(n) is int and 0 <= n <= LARGEST for n in counts.values()):
        raise _broken("Mỗi số đếm phải là số nguyên không âm.")
    return {"day": _date(one["day"]), **counts}


def _date(text: object) -> date:
    try:
        return date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as error:
        raise _broken("Ngày phải có dạng 2024-11-30.") from error


def _broken(what: str) -> AppError:
    return AppError(
        "COLLECT-070", "Sổ phiếu của máy viết sai.", f"{what} Sửa rồi gửi lại.", status=422
    )


def accepted(db: Session, survey_id: int) -> Accepted:
    """Count the accepted forms of a survey by agency, of the last days one by one.

    Revoked tablets count too: what they sent stays. Nothing of this stands with an answer.
    """
    counts = (
        select(Device.agency_code, DeviceDay.day, func.sum(DeviceDay.accepted).label("n"))
        .join(Device, Device.id == DeviceDay.device_id)
        .where(Device.survey_id == survey_id, DeviceDay.accepted > 0)
        .group_by(Device.agency_code, DeviceDay.day)
    )
    found: dict[str, dict[date, int]] = {}
    for code, day, n in db.execute(counts):
        found.setdefault(code, {})[day] = n
    days = tuple(sorted({day for one in found.values() for day in one}, reverse=True)[:LAST_DAYS])
    return Accepted(
        days,
        {code: tuple(one.get(day, 0) for day in days) for code, one in found.items()},
        {code: sum(one.values()) for code, one in found.items()},
    )


def ledgers(db: Session, devices: Sequence[Device]) -> dict[int, Ledger]:
    """Return the ledgers of some tablets; one that has counted nothing has none."""
    query = (
        select(DeviceDay)
        .where(DeviceDay.device_id.in_([device.id for device in devices]))
        .order_by(DeviceDay.device_id, DeviceDay.day.desc())
    )
    by_device = groupby(db.scalars(query), key=lambda row: row.device_id)
    return {device_id: _ledger(tuple(days)) for device_id, days in by_device}


def _ledger(days: tuple[DeviceDay, ...]) -> Ledger:
    ledger = Ledger(days, ())
    return Ledger(days, tuple(_differences(days))) if ledger.is_reported else ledger


def _differences(days: Sequence[DeviceDay]) -> list[str]:
    """Name what does not balance; whole sums, as a form may be sent on a later day."""
    total = {name: sum(getattr(day, name) for day in days) for name in (*COUNTS, "accepted")}
    found = []
    ahead = total["accepted"] - total["received"]
    if ahead > 0:
        found.append(
            f"Máy chủ đã nhận {ahead} phiếu mà máy chưa báo: máy báo khi nối mạng, trừ khi đã ghép "
            "lại hoặc phiếu đến từ tệp cứu phiếu."
        )
    elif ahead < 0:
        found.append(
            f"Máy báo đã gửi nhiều hơn máy chủ nhận {-ahead} phiếu; "
            "kiểm tra máy chủ có vừa khôi phục từ bản sao cũ không."
        )
    kept = total["unsent"] + total["received"] + total["attention"]
    if total["completed"] != kept:
        found.append(
            f"Máy hoàn thành {total['completed']} phiếu nhưng chỉ kể được {kept} phiếu; "
            "dữ liệu trên máy có thể đã bị xóa."
        )
    wrong = sum(day.day > clock.today() + timedelta(days=1) for day in days)
    if wrong:
        found.append(f"{wrong} ngày trong sổ còn chưa tới: đồng hồ của máy đã sai.")
    if total["attention"]:
        found.append(f"{total['attention']} phiếu máy chủ không nhận, còn giữ trên máy.")
    if total["unsent"]:
        found.append(f"{total['unsent']} phiếu chưa gửi, còn trên máy.")
    return found
