"""Decided sample sizes (cỡ mẫu, phân bổ phiếu): what an official adopts before a draw."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, PUBLIC, Base


class SizeDecision(Base):
    """Sizes adopted for one frame of a survey; the latest one is announced, none is changed."""

    __tablename__ = "size_decision"

    id: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=PUBLIC
    )
    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"), info=PUBLIC)
    #: What was asked (formula, margin, rule, ...), the choices made and the sizes per stratum.
    content: Mapped[dict[str, Any]] = mapped_column(info=PUBLIC)
    #: Digest of the canonical content.
    sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    decided_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    decided_by: Mapped[int] = mapped_column(ForeignKey("account.id"), info=OFFICIAL)
