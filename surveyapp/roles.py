"""Who may do what: one table for every page and every command, tested to be complete."""

from typing import Final

from surveyapp.models.account import ROLES

#: Anybody, without signing in: citizens, raters, monitoring.
PUBLIC: Final = frozenset({"*"})
#: Every signed-in official.
SIGNED_IN: Final = frozenset(ROLES)
ADMIN: Final = frozenset({"admin"})
#: Sở Nội vụ prepares surveys, samples and field work.
MANAGER: Final = frozenset({"manager"})
APPROVER: Final = frozenset({"approver"})
#: Who may look at surveys, plans, protocols and progress (never at scores before the lock).
STAFF: Final = frozenset({"admin", "manager", "approver", "analyst", "auditor", "council"})

#: Commands that work on files only, without any account.
NO_DATABASE: Final = frozenset({"no database"})
#: Commands for whoever runs the machine: they work below the accounts.
SYSTEM: Final = frozenset({"system"})

ENDPOINTS: Final[dict[str, frozenset[str]]] = {
    "static": PUBLIC,
    "home": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.sign_out": SIGNED_IN,
    "accounts.me": SIGNED_IN,
    "accounts.change_password": SIGNED_IN,
    "accounts.end_session": SIGNED_IN,
    "accounts.index": ADMIN,
    "accounts.add": ADMIN,
    "accounts.reset": ADMIN,
}

COMMANDS: Final[dict[str, frozenset[str]]] = {
    "sample draw": NO_DATABASE,
    "sample verify": NO_DATABASE,
    "sample size": NO_DATABASE,
    "results estimate": NO_DATABASE,
    "results agree": NO_DATABASE,
    "upgrade": SYSTEM,
    "backup": SYSTEM,
    "restore": SYSTEM,
    "serve": SYSTEM,
    "start": SYSTEM,
    "account add": ADMIN,
    "account list": SYSTEM,
    "account reset": SYSTEM,
}
