"""Officials' accounts, their roles and their sessions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveyapp.models.base import IDENTITY, OFFICIAL, SECRET, Base

ROLES = (
    "admin",
    "manager",
    "approver",
    "focal",
    "interviewer",
    "entry",
    "recheck",
    "analyst",
    "council",
    "agency",
    "auditor",
)


class Account(Base):
    """One official who signs in; citizens and raters have none."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("failed_logins >= 0", "failed_logins_counted"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=OFFICIAL)
    login: Mapped[str] = mapped_column(String(60), unique=True, info=IDENTITY)
    display_name: Mapped[str] = mapped_column(String(120), info=IDENTITY)
    password_hash: Mapped[str] = mapped_column(String(200), info=SECRET)
    #: A one-time password must be replaced at the first sign-in.
    must_change_password: Mapped[bool] = mapped_column(default=True, info=OFFICIAL)
    failed_logins: Mapped[int] = mapped_column(default=0, info=OFFICIAL)
    #: Set after five wrong passwords in a row; `sipas account reset` clears it.
    locked_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
    is_active: Mapped[bool] = mapped_column(default=True, info=OFFICIAL)
    #: The rated agency or list-sending unit that the account belongs to, for `focal` and `agency`.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), info=OFFICIAL)
    created_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    last_login_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)

    roles: Mapped[list["AccountRole"]] = relationship(
        back_populates="account", cascade="all, delete-orphan", lazy="selectin"
    )

    @property
    def role_names(self) -> frozenset[str]:
        """The roles by name."""
        return frozenset(role.role for role in self.roles)


class AccountRole(Base):
    """One role of one account."""

    __tablename__ = "account_role"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", "known_role"),)

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, info=OFFICIAL
    )
    role: Mapped[str] = mapped_column(String(20), primary_key=True, info=OFFICIAL)

    account: Mapped[Account] = relationship(back_populates="roles")


class AccountSession(Base):
    """A signed-in browser; only the hash of its token is stored."""

    __tablename__ = "account_session"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True, info=SECRET)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=OFFICIAL
    )
    created_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    seen_at: Mapped[datetime] = mapped_column(info=OFFICIAL)
    ended_at: Mapped[datetime | None] = mapped_column(info=OFFICIAL)
