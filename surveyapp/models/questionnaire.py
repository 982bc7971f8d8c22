"""Published definitions: questionnaires and method versions, immutable once stored."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import PUBLIC, Base


class StoredQuestionnaire(Base):
    """One version of a questionnaire, as the TOML text it was published with."""

    __tablename__ = "questionnaire"
    __table_args__ = (CheckConstraint("version > 0", "version_positive"),)

    code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PUBLIC)
    version: Mapped[int] = mapped_column(primary_key=True, info=PUBLIC)
    sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    source: Mapped[str] = mapped_column(Text, info=PUBLIC)
    published_at: Mapped[datetime] = mapped_column(info=PUBLIC)


class StoredMethod(Base):
    """One method version, as the TOML text it was published with."""

    __tablename__ = "method"

    code: Mapped[str] = mapped_column(String(60), primary_key=True, info=PUBLIC)
    version: Mapped[str] = mapped_column(String(40), primary_key=True, info=PUBLIC)
    sha256: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    source: Mapped[str] = mapped_column(Text, info=PUBLIC)
    published_at: Mapped[datetime] = mapped_column(info=PUBLIC)
