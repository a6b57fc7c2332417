"""What every adapter tells of a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers.actions import Ask

from ..sheets import Block


class Outcome(StrEnum):
    """``TRANSFER``: the person is registered elsewhere; ``REVIEW``: who is meant is not certain;
    like ``ERROR`` the row is not taken.
    """

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"
    TRANSFER = "transfer"
    REVIEW = "review"


NOT_TAKEN = (Outcome.ERROR, Outcome.TRANSFER, Outcome.REVIEW)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row; ``fields``: names of the file's fields that changed something."""

    outcome: Outcome
    fields: frozenset[str] = frozenset()


class Adapter(ABC):
    """Takes the good rows of blocks into a register, in order, one pass per object.

    Of each block: `carry` without the database, then in a transaction of its own `begin`, `take`,
    `end`. What `end` returned for the last block goes to the `begin` of the next, also of another
    object that goes on where this one was stopped.
    """

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
        #: Further counts of the block, for the summary.
        self.extra: dict[str, int] = {}
        #: People registered elsewhere whom nobody of the unit has asked for yet.
        self.transfers: list[Ask] = []
        self.batch_id = 0
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Called once before the first block. Raises SheetRefused if the file cannot go there."""

    def carry(self, block: Block) -> dict[str, Any]:
        """What the rows before mean for these: kept, and given back in ``block.carried``."""
        return {}

    def begin(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Called before `take`, inside the block's transaction."""

    @abstractmethod
    def take(self, block: Block) -> list[RowOutcome]:
        """One outcome per row of the block; adds errors and warnings to it."""

    def end(self) -> dict[str, Any]:
        """Called after `take`, inside the block's transaction."""
        return {}

    def journal(self) -> Any:
        """What is needed to undo the block that was just written, None if nothing."""
        return None
