"""Which column means what: proposed from the header, then from the content, with the reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from weiye.base.privacy.identifiers import IdentifierError, read_id_number, read_uscc

from . import words
from .header import Column, Table, plain_title, synonyms
from .kinds import Kind
from .text import Cell, is_blank, solid, text_of

SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """The proposal for one column; ``field`` None = not taken over. ``confidence`` from 0 to 1."""

    column: Column
    field: str | None
    label: str
    confidence: float
    why: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A choice per column of the file, in order."""

    choices: tuple[Choice, ...]
    missing: tuple[str, ...]
    """Labels of needed fields that no column was found for."""

    @property
    def mapping(self) -> dict[int, str]:
        return {c.column.index: c.field for c in self.choices if c.field}

    @property
    def unmapped(self) -> tuple[Choice, ...]:
        return tuple(c for c in self.choices if c.field is None)


def signature(table: Table) -> str:
    """The same for files with the same header, so that a confirmed mapping can be remembered."""
    text = "\n".join(f"{c.index}\t{c.title}" for c in table.columns)
    return hashlib.sha256(f"{table.kind.name}\n{text}".encode()).hexdigest()


def propose(table: Table) -> Proposal:
    """A proposal for every column of the table."""
    kind = table.kind
    sample = [row for _line, row in islice(table.rows(), SAMPLE_ROWS)]
    lookup = synonyms(kind)
    rated: list[tuple[float, int, str, str]] = []
    cells_of: dict[int, list[str]] = {}
    for column in table.columns:
        raw = [row[column.index] for row in sample]
        cells_of[column.index] = [text_of(cell) for cell in raw if not is_blank(cell)]
        for confidence, name, why in _readings(column, raw, kind, lookup):
            rated.append((confidence, column.index, name, why))
    taken: dict[str, Column] = {}
    chosen: dict[int, tuple[float, str, str]] = {}
    by_index = {column.index: column for column in table.columns}
    for confidence, index, name, why in sorted(rated, key=lambda r: (-r[0], r[1])):
        if index in chosen or name in taken:
            continue
        taken[name] = by_index[index]
        chosen[index] = (confidence, name, why)
    choices = []
    for column in table.columns:
        samples = tuple(dict.fromkeys(cells_of[column.index]))[:3]
        if column.index in chosen:
            confidence, name, why = chosen[column.index]
            label = kind.by_name[name].label
            choices.append(Choice(column, name, label, confidence, why, samples))
        else:
            why = _why_not(column, kind, [r for r in rated if r[1] == column.index], taken)
            choices.append(Choice(column, None, "", 0.0, why, samples))
    missing = tuple(f.label for f in kind.needed if f.name not in taken)
    return Proposal(tuple(choices), missing)


def _why_not(
    column: Column,
    kind: Kind,
    rated: list[tuple[float, int, str, str]],
    taken: dict[str, Column],
) -> str:
    if rated:
        name = max(rated)[2]
        other = taken[name]
        return f"“{kind.by_name[name].label}”已由{other.letter}列“{other.title}”提供"
    if plain_title(column.parts[-1]) in kind.ignored:
        return "不含需要登记的内容"
    return "没有对应的内容，不导入"


def _readings(
    column: Column, raw: list[Cell], kind: Kind, lookup: dict[str, str]
) -> list[tuple[float, str, str]]:
    """Possible meanings of a column with confidence and reason."""
    plain = plain_title(column.parts[-1])
    if plain in kind.ignored:
        return []
    found: list[tuple[float, str, str]] = []
    for reading in column.readings(kind.foreign):
        if reading in lookup:
            name = lookup[reading]
            found.append((_content_checked(1.0, name, raw, kind), name, f"表头“{column.title}”"))
            break
    foreign = any(plain_title(part).startswith(kind.foreign) for part in column.parts)
    if not found and not foreign:
        part = _contained(plain, lookup)
        if part:
            name = lookup[part]
            found.append((_content_checked(0.8, name, raw, kind), name, f"表头里有“{part}”"))
    if not foreign:
        for field in kind.fields:
            test = _LOOKS_LIKE.get(field.looks_like)
            if test is None or any(name == field.name for _c, name, _w in found):
                continue
            share = _share(test, raw)
            if share >= 0.8:
                found.append((0.6 * share, field.name, f"内容像{field.label}"))
    return found


def _content_checked(confidence: float, name: str, raw: list[Cell], kind: Kind) -> float:
    """A header that its content contradicts counts for less than content alone."""
    test = _LOOKS_LIKE.get(kind.by_name[name].looks_like)
    if test is None or not any(not is_blank(cell) for cell in raw):
        return confidence
    return confidence if _share(test, raw) >= 0.3 else confidence * 0.5


def _contained(plain: str, lookup: dict[str, str]) -> str:
    """The longest synonym inside the header that makes up most of it."""
    fitting = [word for word in lookup if len(word) >= 2 and word in plain]
    longest = max(fitting, key=len, default="")
    return longest if len(longest) * 2 > len(plain) else ""


# --- what content looks like ---------------------------------------------------------------------


def _is_id(cell: Cell) -> bool:
    if isinstance(cell, float) and abs(cell) >= 1e16:
        return True
    text = solid(text_of(cell)).upper()
    try:
        read_id_number(text)
    except IdentifierError:
        return bool(re.fullmatch(r"[1-9][0-9]{16}[0-9X]|[1-9]\.[0-9]+E\+?1[67]", text))
    return True


def _is_uscc(cell: Cell) -> bool:
    try:
        read_uscc(solid(text_of(cell)))
    except IdentifierError:
        return False
    return True


def _is_phone(cell: Cell) -> bool:
    text = re.sub(r"[\s\-—()+]", "", text_of(cell))
    return text.isascii() and text.isdigit() and len(text) in (11, 12, 13) and text[0] in "01268"


def _one_of(table: dict[str, object]) -> Callable[[Cell], bool]:
    allowed = {word.upper() for word in table if not word.isdigit()}
    return lambda cell: solid(text_of(cell)).upper() in allowed


_LOOKS_LIKE: dict[str, Callable[[Cell], bool]] = {
    "id_number": _is_id,
    "uscc": _is_uscc,
    "phone": _is_phone,
    "sex": _one_of(dict(words.SEX)),
    "education": _one_of(dict(words.EDUCATION)),
    "employment_status": _one_of(dict(words.EMPLOYMENT_STATUS)),
}


def _share(test: Callable[[Cell], bool], raw: list[Cell]) -> float:
    filled = [cell for cell in raw if not is_blank(cell)]
    return sum(map(test, filled)) / len(filled) if filled else 0.0
