"""What officials did: appended, never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import IDENTITY, OFFICIAL, Base


class AuditEntry(Base):
    """One act of one official, or of the program itself (`actor` "system")."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    actor: Mapped[str] = mapped_column(String(60), info=IDENTITY)
    #: A verb of the field, for example "sample.draw".
    action: Mapped[str] = mapped_column(String(60), index=True, info=OFFICIAL)
    subject: Mapped[str] = mapped_column(String(200), info=OFFICIAL)
    #: Facts of the act; never answers, names or contacts.
    detail: Mapped[dict[str, Any]] = mapped_column(info=OFFICIAL)
