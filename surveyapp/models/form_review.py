"""What was decided about a form that a rule points at; the form itself stays as it is."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import ANSWER, OFFICIAL, Base


class FormReview(Base):
    """State and reason of one released form: kept, or left out of the results."""

    __tablename__ = "form_review"
    __table_args__ = (
        CheckConstraint("state IN ('kept', 'left_out')", "known_state"),
        {"sqlite_with_rowid": False},
    )

    response_id: Mapped[str] = mapped_column(
        ForeignKey("response.id", ondelete="CASCADE"), primary_key=True, info=ANSWER
    )
    #: Codes of the rules that point at the form, joined by a comma.
    rules: Mapped[str] = mapped_column(String(100), info=OFFICIAL)
    state: Mapped[str] = mapped_column(String(20), info=OFFICIAL)
    reason: Mapped[str] = mapped_column(String(300), info=OFFICIAL)
