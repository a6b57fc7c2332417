"""The one who acts: an account in one role for one unit, or the system itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


class NotAllowed(Exception):
    """The actor's role does not grant the right, or the thing lies outside the actor's area."""


# A range that holds no unit.
NOWHERE = ("~/", "~0")


def below(path: str) -> tuple[str, str]:
    """Return the half-open range [lo, hi) of all paths at or below ``path``.

    >>> below("37/10/")
    ('37/10/', '37/100')
    """
    if not path.endswith("/"):
        raise ValueError(f"a unit path ends with '/': {path!r}")
    return path, path[:-1] + "0"


@dataclass(frozen=True)
class Actor:
    """Someone who acts, with the area and the rights that bound every action.

    ``path`` is the unit's path; ``""`` (the system alone) stands for the whole tree.
    """

    account_id: int | None
    name: str
    role: str
    path: str
    unit_id: int | None = None
    unit_name: str = ""
    rights: frozenset[str] = field(default_factory=frozenset)
    membership_id: int | None = None
    # Whoever acts for one person or institution alone ("person", 17) has rows, not an area.
    subject: tuple[str, int] | None = None
    # Acting by exception: until when, by which emergency (membership), for whom (account) who is
    # away.
    until: datetime | None = None
    emergency: int | None = None
    covering: int | None = None

    @property
    def accounts(self) -> tuple[int, ...]:
        """Accounts whose tasks are this actor's: its own, and that of whoever it stands in for."""
        return tuple(key for key in (self.account_id, self.covering) if key is not None)

    @property
    def marks(self) -> dict[str, int]:
        """What every entry of the log says besides of an actor who acts by exception."""
        marks = {"emergency": self.emergency, "covering": self.covering}
        return {name: key for name, key in marks.items() if key is not None}

    @property
    def range(self) -> tuple[str, str]:
        """The half-open range of unit paths that this actor may touch."""
        if self.subject is not None:
            return NOWHERE
        # Paths begin with a digit: ['0', ':') holds them all.
        return below(self.path) if self.path else ("0", ":")

    def can(self, right: str) -> bool:
        return right in self.rights or "*" in self.rights

    def covers(self, path: str) -> bool:
        lo, hi = self.range
        return lo <= path < hi

    def require(self, right: str, *paths: str) -> None:
        """Raise `NotAllowed` unless the right is granted and every path lies in the area."""
        if not self.can(right):
            raise NotAllowed(f"role {self.role} lacks {right}")
        for path in paths:
            if not self.covers(path):
                raise NotAllowed(f"{path} lies outside {self.path}")


def system(path: str = "", *, name: str = "系统", rights: Iterable[str] = ("*",)) -> Actor:
    """The system as an actor, bounded to ``path`` when it works for one unit."""
    return Actor(account_id=None, name=name, role="system", path=path, rights=frozenset(rights))
