"""Append an act to the audit trail, in the transaction of the act itself."""

from sqlalchemy.orm import Session

from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.models import AuditEntry


def record(
    db: Session, actor: Actor | None, action: str, subject: str, **detail: str | int | float | None
) -> None:
    """Add one entry; `detail` holds facts of the act, never answers, names or contacts."""
    db.add(
        AuditEntry(
            at=clock.now(),
            actor=actor.login if actor else "system",
            action=action,
            subject=subject,
            detail=detail,
        )
    )
