"""Tablets at counters: paired once, scoped, revocable; and what each counted on each day."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, SECRET, Base


class Device(Base):
    """A paired tablet; only the hash of its token is stored."""

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True, info=SECRET)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), info=OFFICIAL
    )
    agency_code: Mapped[str] = mapped_column(String(60), info=OFFICIAL)
    counter: Mapped[str] = mapped_column(String(120), info=OFFICIAL)
    paired_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    #: The day only: a finer time could be matched with an answer.
    seen_on: Mapped[date | None] = mapped_column(info=OFFICIAL)
    revoked_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)


class DeviceDay(Base):
    """The ledger of one tablet on one day (sổ phiếu theo máy, theo ngày): counts, never contents.

    All columns but the last two are the tablet's own counts; those are the server's. An answer has
    no path to a tablet: nothing here names one, and nothing is finer than the day.
    """

    __tablename__ = "device_day"

    device_id: Mapped[int] = mapped_column(
        ForeignKey("device.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    day: Mapped[date] = mapped_column(primary_key=True, info=OFFICIAL)
    #: Grows with every change on the tablet, so that a report that comes late changes nothing.
    revision: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    started: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    completed: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    broken_off: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Forms of this day that still lie on the tablet.
    unsent: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Forms of this day whose receipt the tablet has verified.
    received: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Forms of this day that the server refused; they stay on the tablet.
    attention: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: New forms that the server took from this tablet on this day.
    accepted: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Codes that this tablet gave out on this day for answering at home.
    later: Mapped[int] = mapped_column(default=0, server_default="0", info=OFFICIAL)
