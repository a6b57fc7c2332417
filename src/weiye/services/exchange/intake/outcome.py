"""What every adapter tells of a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers.actions import Ask

from ..sheets import Block


class Outcome(StrEnum):
    """``TRANSFER``: the person is registered elsewhere; like ``ERROR`` the row is not taken."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row; ``fields``: names of the file's fields that changed something."""

    outcome: Outcome
    fields: frozenset[str] = frozenset()


class Adapter(ABC):
    """Takes the good rows of blocks into a register, in order, one pass per object."""

    def __init__(
        self,
        *,
        actor: Actor,
        unit: Unit,
        mapped: frozenset[str],
        source: str,
        as_of: date,
        write: bool,
        sheet: str,
    ) -> None:
        self.actor, self.unit, self.mapped = actor, unit, mapped
        self.source, self.as_of, self.write = source, as_of, write
        #: Tells the file and the meaning of its columns from others.
        self.sheet = sheet
        #: Further counts for the summary.
        self.extra: dict[str, int] = {}
        #: People registered elsewhere whom nobody of the unit has asked for yet.
        self.transfers: list[Ask] = []
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Called once before the first block. Raises SheetRefused if the file cannot go there."""

    @abstractmethod
    def take(self, block: Block) -> list[RowOutcome]:
        """One outcome per row of the block; adds errors and warnings to it."""

    def close(self) -> None:  # noqa: B027
        """Called once after the last block."""
