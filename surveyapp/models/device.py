"""Tablets at counters: paired once, scoped to one survey and one agency, revocable."""

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
