"""What the pages show of a batch: columns with their meaning, first rows, what is wrong.

Kept encrypted with the batch, with numbers that name somebody masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from weiye.base.privacy.masking import mask_id_number, mask_phone

from .blocks.packing import Found
from .intake import Outcome
from .sheets import Proposal
from .sheets.text import text_of

#: Sentences and remarks that are kept with the batch.
MOST_SENTENCES, MOST_REMARKS = 500, 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and what is proposed or chosen for it; ``field`` "" = left out."""

    index: int
    letter: str
    title: str
    field: str
    label: str
    confidence: float
    why: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """``state``: "" plain, "error", "warning" or "changed"; ``message`` says why."""

    text: str
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """``outcome``: new, changed, unchanged, error, transfer or review; cells in the order of the
    columns that are taken. ``sheet``: named where there are several.
    """

    line: int
    outcome: str
    cells: tuple[Cell, ...]
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class SheetChoice:
    """A sheet that has a header. ``same``: the same columns as the one read first."""

    name: str
    rows: int
    hidden: bool
    same: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Everything of the preview that is kept. ``problems``: sentences by line."""

    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    sheets: tuple[SheetChoice, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def load(text: str) -> Page:
    """The reverse of ``Page.dump``."""
    data: dict[str, Any] = json.loads(text)
    return Page(
        columns=tuple(
            Column(**{**column, "samples": tuple(column["samples"])}) for column in data["columns"]
        ),
        missing=tuple(data["missing"]),
        sheets=tuple(SheetChoice(**sheet) for sheet in data.get("sheets", ())),
        problems=tuple(data["problems"]),
        remarks=tuple(data["remarks"]),
    )


def columns_of(
    proposal: Proposal, chosen: Mapping[int, str], labels: Mapping[str, str]
) -> tuple[Column, ...]:
    """Columns with the chosen meaning where it differs from the proposed one."""
    found = []
    for choice in proposal.choices:
        index, name = choice.column.index, chosen.get(choice.column.index, "")
        same = name == (choice.field or "")
        found.append(
            Column(
                index=index,
                letter=choice.column.letter,
                title=choice.column.title,
                field=name,
                label=labels.get(name, ""),
                confidence=choice.confidence if same else 1.0,
                why=choice.why if same else "手工选择",
                samples=tuple(masked(name, sample) for sample in choice.samples),
            )
        )
    return tuple(found)


def remapped(page: Page, chosen: Mapping[int, str], labels: Mapping[str, str]) -> Page:
    """The page once somebody said what the columns mean."""
    columns = []
    for column in page.columns:
        name = chosen.get(column.index, "")
        if name == column.field:
            columns.append(column)
            continue
        # A sample that was shown plain may name somebody under its new meaning.
        samples = tuple(masked(name, sample) for sample in column.samples)
        columns.append(
            replace(
                column,
                field=name,
                label=labels.get(name, ""),
                confidence=1.0,
                why="手工选择",
                samples=samples,
            )
        )
    return Page(tuple(columns), (), page.sheets)


_PHONE_DIGITS = 11
_LONG_NUMBER = re.compile(r"[0-9][0-9 -]{8,}[0-9Xx]")


def masked(name: str, text: str) -> str:
    """The text with every number that may name somebody masked, whatever the column."""
    if name == "id_number":
        return mask_id_number(text)
    if name == "phone":
        return mask_phone(text)
    return _LONG_NUMBER.sub(_mask_long, text)


def _mask_long(match: re.Match[str]) -> str:
    """Numbers of a phone's length or more; a date with its hyphens stays readable."""
    found = match.group()
    names_somebody = sum(map(str.isdigit, found)) >= _PHONE_DIGITS
    return mask_id_number(found) if names_somebody else found


def row_of(
    mapping: Mapping[int, str], line: int, raw: Sequence[Any], found: Found, at: int, sheet: str
) -> Row:
    """One row as it is shown."""
    errors = _by_field(found.errors.get(at, ()))
    warnings = _by_field(found.warnings.get(at, ()))
    changed = found.fields.get(at, ()) if found.outcomes[at] == Outcome.CHANGED else ()
    cells = []
    for index, name in mapping.items():
        state = (
            "error"
            if name in errors
            else "warning"
            if name in warnings
            else "changed"
            if name in changed
            else ""
        )
        text = masked(name, text_of(raw[index] if index < len(raw) else ""))[:60]
        cells.append(Cell(text, state, errors.get(name) or warnings.get(name, "")))
    return Row(line, str(found.outcomes[at]), tuple(cells), sheet)


def _by_field(problems: Sequence[Sequence[str]]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, message in problems:
        said[name] = "；".join(filter(None, (said.get(name), message)))
    return said
