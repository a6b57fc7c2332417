"""What a check of the log found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class What(StrEnum):
    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    MOVED = "moved"
    BATCH = "batch"
    SINK = "sink"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was. ``entry`` is None where a whole batch or line is meant."""

    what: What
    batch: int
    entry: int | None
    said: str
    """A Chinese sentence: what differs."""
    at: datetime | None = None
    verb: str = ""


@dataclass
class Report:
    entries: int = 0
    batches: int = 0
    last_batch: int = 0
    unsealed: int = 0
    findings: list[Finding] = field(default_factory=list)
    total: int = 0
    """All findings, those that were not kept included."""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def intact(self) -> bool:
        return self.total == 0

    @property
    def first(self) -> Finding | None:
        return self.findings[0] if self.findings else None


Progress = Callable[[int, int], None]
