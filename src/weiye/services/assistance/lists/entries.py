"""One sheet of facts in, entries of the four lists out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from weiye.base.packs import Pack


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it should be; what it is about is named by ``kind`` and ``subject``."""

    file_id: int
    kind: str
    subject: str
    rank: int
    title: str
    summary: str
    reasons: tuple[str, ...]
    source: str = ""
    verdict: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """What the lists of an area are made from.

    ``files``: person id → file id. ``people``: `people.frames.people_frame` of those with a file.
    ``facts``: their facts, households whole. ``rules`` and ``clauses``: the engine's answers about
    them (`Verdicts.rules`, `Verdicts.clauses`). ``groups``: person id → names. ``hidden``: file id
    → vacancies that a worker took off the list.
    """

    as_of: date
    path: str
    pack: Pack
    files: Mapping[int, int]
    people: pl.DataFrame
    facts: pl.DataFrame
    rules: pl.DataFrame
    clauses: pl.DataFrame
    groups: Mapping[int, frozenset[str]]
    hidden: Mapping[int, frozenset[str]]
    threads: int = 1


def entries(sheet: Sheet) -> Iterator[Entry]:
    """All entries of all files, list by list, each list in its order."""
    from . import jobs, needs, policies, training

    yield from needs.entries(sheet)
    found = jobs.match(sheet)
    yield from jobs.entries(sheet, found)
    yield from policies.entries(sheet)
    yield from training.entries(sheet, found)


def cut(text: str, length: int) -> str:
    """Text for a column of limited length."""
    return text if len(text) <= length else text[: length - 1] + "…"
