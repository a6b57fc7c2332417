"""What blocks hold, as bytes: compressed JSON, sealed for its column."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from weiye.base.privacy.fields import SealedBytesField

from ..intake import Outcome, RowOutcome
from ..models import ImportBlock
from ..sheets import Block, Problem
from ..sheets.opening import Row
from ..sheets.text import Cell, text_of

_LEVEL = 1


def _column(name: str) -> SealedBytesField:
    column = ImportBlock._meta.get_field(name)
    assert isinstance(column, SealedBytesField)
    return column


def sealed(name: str, content: object) -> bytes:
    """What the column ``name`` of a block stores for plain content."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return _column(name).seal(zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL))


def opened(name: str, stored: bytes | memoryview | None) -> Any:
    """The reverse of `sealed`; None for an empty column."""
    if stored is None:
        return None
    return json.loads(
        zlib.decompress(_column(name).unseal(bytes(stored))).decode("utf-8", "surrogatepass")
    )


def rows_sealed(lines: Sequence[int], raw: Sequence[Row]) -> bytes:
    return sealed("rows", [lines, [[_plain(cell) for cell in row] for row in raw]])


def rows_of(block: ImportBlock) -> tuple[list[int], list[Row]]:
    """Line numbers in the sheet and cells of a block's rows."""
    lines, rows = opened("rows", block.rows)
    return lines, [
        [_cell(cell) if cell.__class__ is list else cell for cell in row] for row in rows
    ]


def _plain(cell: Cell) -> object:
    if cell.__class__ in (str, int, float, bool) or cell is None:
        return cell
    if isinstance(cell, datetime):
        return ["t", cell.isoformat()]
    if isinstance(cell, date):
        return ["d", cell.isoformat()]
    assert isinstance(cell, time | timedelta)
    return text_of(cell)


def _cell(packed: list[str]) -> Cell:
    kind, text = packed
    return datetime.fromisoformat(text) if kind == "t" else date.fromisoformat(text)


_LETTER = {
    Outcome.NEW: "n",
    Outcome.CHANGED: "c",
    Outcome.UNCHANGED: "u",
    Outcome.ERROR: "e",
    Outcome.TRANSFER: "t",
    Outcome.REVIEW: "r",
}
_OUTCOME = {letter: outcome for outcome, letter in _LETTER.items()}


@dataclass(slots=True)
class Found:
    """What a pass found of a block's rows, by position.

    ``wrong``: why a row cannot be taken whatever the ledger says, [field, message]; ``errors``
    and ``warnings``: all that is said. ``carried``: what the adapter knew from rows before.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    fields: dict[int, list[str]] = field(default_factory=dict)
    wrong: dict[int, list[list[str]]] = field(default_factory=dict)
    errors: dict[int, list[list[str]]] = field(default_factory=dict)
    warnings: dict[int, list[list[str]]] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, block: Block, outcomes: Sequence[RowOutcome]) -> Found:
        return cls(
            [each.outcome for each in outcomes],
            {at: sorted(each.fields) for at, each in enumerate(outcomes) if each.fields},
            {},
            said(block.errors),
            said(block.warnings),
        )

    def sealed(self) -> bytes:
        return sealed(
            "found",
            [
                "".join(_LETTER[outcome] for outcome in self.outcomes),
                *(_keyed(each) for each in (self.fields, self.wrong, self.errors, self.warnings)),
                self.carried,
            ],
        )

    @classmethod
    def opened(cls, block: ImportBlock) -> Found:
        packed = opened("found", block.found)
        if packed is None:
            return cls()
        letters, *maps, carried = packed
        fields, wrong, errors, warnings = ({int(k): v for k, v in m.items()} for m in maps)
        outcomes = [_OUTCOME[letter] for letter in letters]
        return cls(outcomes, fields, wrong, errors, warnings, carried)


def said(problems: dict[int, list[Problem]]) -> dict[int, list[list[str]]]:
    """Problems as they are kept: field and sentence."""
    return {at: [[p.field, p.message] for p in found] for at, found in problems.items()}


def _keyed(found: dict[int, Any]) -> dict[str, Any]:
    return {str(at): value for at, value in found.items()}
