"""What the pages show of a batch: columns with their meaning, first rows, what is wrong.

Kept encrypted with the batch, with numbers that name somebody masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from weiye.base.privacy.masking import mask_id_number, mask_phone

from .intake import Outcome, RowOutcome
from .sheets import Block, Problem, Proposal, Table
from .sheets.text import text_of

#: Rows shown from the top, rows with an error shown besides, sentences, remarks.
MOST_ROWS, MOST_WRONG, MOST_SENTENCES, MOST_REMARKS = 30, 100, 500, 200


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
    """``outcome``: new, changed, unchanged, error or transfer; cells in the order of `head`."""

    line: int
    outcome: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything of the preview that is kept. ``problems``: sentences by line."""

    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    head: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
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
        head=tuple(data["head"]),
        rows=tuple(
            Row(row["line"], row["outcome"], tuple(Cell(**cell) for cell in row["cells"]))
            for row in data["rows"]
        ),
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


def rows_of(
    table: Table,
    mapping: Mapping[int, str],
    block: Block,
    outcomes: Sequence[RowOutcome],
    shown: int,
) -> list[Row]:
    """Rows of a block to show: the first of the file, and rows with errors up to a bound."""
    wrong = (Outcome.ERROR, Outcome.TRANSFER)
    found: list[Row] = []
    for at, outcome in enumerate(outcomes):
        count = shown + len(found)
        if count < MOST_ROWS or (outcome.outcome in wrong and count < MOST_ROWS + MOST_WRONG):
            found.append(_row(mapping, block, at, outcome))
    return found


def _row(mapping: Mapping[int, str], block: Block, at: int, outcome: RowOutcome) -> Row:
    errors = _by_field(block.errors.get(at, ()))
    warnings = _by_field(block.warnings.get(at, ()))
    cells = []
    for index, name in mapping.items():
        state = (
            "error"
            if name in errors
            else "warning"
            if name in warnings
            else "changed"
            if name in outcome.fields and outcome.outcome == Outcome.CHANGED
            else ""
        )
        text = masked(name, text_of(block.raw[at][index]))[:60]
        cells.append(Cell(text, state, errors.get(name) or warnings.get(name, "")))
    return Row(block.lines[at], str(outcome.outcome), tuple(cells))


def _by_field(problems: Sequence[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in problems:
        found[problem.field] = "；".join(filter(None, (found.get(problem.field), problem.message)))
    return found


def sentences(problems: Mapping[int, Sequence[Problem]]) -> tuple[str, ...]:
    """The first sentences, in the order of the lines."""
    said = (str(problem) for line in sorted(problems) for problem in problems[line])
    return tuple(sentence for sentence, _n in zip(said, range(MOST_SENTENCES), strict=False))
