"""The right to answer once, which knows no person; and, apart from it, who gets which form."""

import secrets
from datetime import date

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import OFFICIAL, PSEUDONYM, PUBLIC, SECRET, Base


class FormCell(Base):
    """What is kept with an answer for the analysis: stratum and the set of agencies on the form.

    Shared by at least five invited persons (`persons`), so that it singles nobody out.
    """

    __tablename__ = "form_cell"
    __table_args__ = (UniqueConstraint("survey_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), info=OFFICIAL
    )
    code: Mapped[str] = mapped_column(String(260), info=OFFICIAL)
    group_id: Mapped[int] = mapped_column(
        ForeignKey("survey_group.id", ondelete="CASCADE"), info=OFFICIAL
    )
    stratum: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    #: Codes of the rated agencies on the form, in the order of the plan.
    agencies: Mapped[list[str]] = mapped_column(info=PUBLIC)
    persons: Mapped[int] = mapped_column(info=OFFICIAL)


class EligibleCount(Base):
    """How many units of a draw's frame may rate an agency: M of the weight M/m, as a number."""

    __tablename__ = "eligible_count"

    draw_id: Mapped[int] = mapped_column(
        ForeignKey("sample_draw.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    #: Stratum of the frame.
    stratum: Mapped[str] = mapped_column(String(200), primary_key=True, info=OFFICIAL)
    agency_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PUBLIC)
    eligible: Mapped[int] = mapped_column(info=OFFICIAL)


class Assignment(Base):
    """Who gets which form (giao phiếu): knows the pseudonym, never the code or the answer."""

    __tablename__ = "assignment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["draw_id", "unit_code"],
            ["sample_unit.draw_id", "sample_unit.unit_code"],
            ondelete="CASCADE",
        ),
    )

    draw_id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    unit_code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PSEUDONYM)
    cell_id: Mapped[int] = mapped_column(ForeignKey("form_cell.id"), info=OFFICIAL)
    #: Given when the cell had answers already, none of which can be hers.
    after_answers: Mapped[bool] = mapped_column(default=False, info=OFFICIAL)


class Invitation(Base):
    """A code (mã phiếu), stored as a hash only; belongs to a cell, never to a person."""

    __tablename__ = "invitation"
    __table_args__ = (
        Index("ix_invitation_cell", "cell_id", "is_spent"),
        {"sqlite_with_rowid": False},  # no trace of the order of issue
    )

    code_sha256: Mapped[str] = mapped_column(String(64), primary_key=True, info=SECRET)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("survey.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    cell_id: Mapped[int] = mapped_column(
        ForeignKey("form_cell.id", ondelete="CASCADE"), info=OFFICIAL
    )
    expires_on: Mapped[date | None] = mapped_column(info=OFFICIAL)
    is_spent: Mapped[bool] = mapped_column(default=False, info=OFFICIAL)
    is_revoked: Mapped[bool] = mapped_column(default=False, info=OFFICIAL)


class RecheckLink(Base):
    """The only link between a person and an answer: the pre-drawn re-check subsample.

    Everybody is told before answering that at most a tenth may be asked again. Read by the
    re-check role only, destroyed when the survey is locked.
    """

    __tablename__ = "recheck_link"
    __table_args__ = ({"sqlite_with_rowid": False},)

    code_sha256: Mapped[str] = mapped_column(
        ForeignKey("invitation.code_sha256", ondelete="CASCADE"), primary_key=True, info=SECRET
    )
    #: What the address of the case says: random, so that no address holds what belongs to a code.
    case_id: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: secrets.token_hex(16), info=PSEUDONYM
    )
    draw_id: Mapped[int] = mapped_column(ForeignKey("sample_draw.id"), info=OFFICIAL)
    unit_code: Mapped[str] = mapped_column(String(60), info=PSEUDONYM)
    #: The waiting answer, then the released one.
    answer_id: Mapped[str | None] = mapped_column(String(32), index=True, info=SECRET)
