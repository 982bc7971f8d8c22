"""Who acts: passed to every verb, so that the same verb serves page, command, test and worker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """An official with the roles of the moment."""

    account_id: int
    login: str
    roles: frozenset[str]

    def has_any(self, roles: frozenset[str]) -> bool:
        """Whether one of `roles` is among the actor's."""
        return bool(self.roles & roles)
