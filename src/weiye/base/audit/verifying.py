"""Is the log still as it was written? Finds what was altered, removed, slipped in or moved.

Each batch is recomputed from the entries themselves, in chunks of one statement. With the second
sink's file, its lines are what the entries are held against: they are out of reach of whoever owns
the database.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db import connection

from .canonical import (
    FORMS,
    GENESIS,
    SIZE,
    differing,
    digest_of,
    everything,
    header,
    leaf,
    mark_size,
    text_sql,
    told,
)
from .models import AuditBatch

CHUNK = 20_000
# More are counted, not kept.
KEPT = 1_000


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


@dataclass
class _Batch:
    """A batch as the database or the sink tells it."""

    head: dict[str, Any]
    ids: list[int]
    leaves: bytes
    marks: bytes
    digest: bytes

    @property
    def number(self) -> int:
        return int(self.head["batch"])

    @property
    def previous(self) -> bytes:
        return bytes.fromhex(self.head["previous"])

    @property
    def sound(self) -> bool:
        """Whether it is what its own digest covers."""
        whole = len(self.ids) == self.head["count"]
        return whole and digest_of(self.head, self.ids, self.leaves, self.marks) == self.digest

    def sound_as(self, number: int) -> bool:
        head = {**self.head, "batch": number}
        return digest_of(head, self.ids, self.leaves, self.marks) == self.digest

    def leaf(self, place: int) -> bytes:
        return self.leaves[SIZE * place : SIZE * (place + 1)]

    def mark(self, place: int) -> bytes:
        size = mark_size(self.form)
        return self.marks[size * place : size * (place + 1)]

    @property
    def form(self) -> int:
        return int(self.head["form"]) if self.head["form"] in FORMS else max(FORMS)


def verify(*, since: int = 1, sink: Path | None = None, progress: Progress | None = None) -> Report:
    """Hold every sealed entry from batch ``since`` on against the chain; writes nothing.

    The batch before ``since`` is taken as it is. Raises ``OSError`` for a sink that cannot be read.
    """
    return _Check(since, sink, progress or (lambda done, total: None)).run()


class _Check:
    def __init__(self, since: int, sink: Path | None, progress: Progress) -> None:
        self.since, self.progress = max(1, since), progress
        self.report = Report()
        self.sink = _Sink(sink) if sink else None
        self.found: list[Finding] = []
        # Entries in no batch so far: id → (batch whose span they lie in, time, verb, leaf).
        self.stray: dict[int, tuple[int, datetime, str, bytes]] = {}
        # What a leaf stood for, of entries that are not there any more as they were.
        self.lost: dict[bytes, int] = {}
        self.odd: list[tuple[int, int, bytes, str, datetime, str]] = []

    def run(self) -> Report:
        started = time.perf_counter()
        sizes = self._sizes()
        known = {number for number, _ in sizes}
        total = sum(count for _, count in sizes)
        self.report.last_batch = sizes[-1][0] if sizes else 0
        expected = self.since
        last: _Batch | None = self._one(self.since - 1) if self.since > 1 else None
        if self.since == 1:
            self._strays_below_one()
        for numbers in _chunks(sizes):
            batches = self._load(numbers)
            truths: list[_Batch] = []
            low = last.head["watermark"] if last else 0
            for batch in batches:
                if batch.number != expected:
                    self._missing_batches(expected, batch.number - 1)
                    # What they held is not slipped in.
                    low = max(low, min(batch.ids) - 1) if batch.ids else low
                self._chain(batch, last, known)
                truths.append(self._truth(batch))
                last, expected = batch, batch.number + 1
            self._entries(truths, low)
            self.progress(self.report.entries, total)
        self._tail(last, expected)
        self._settle(last)
        self.report.seconds = time.perf_counter() - started
        self.report.batches = len(sizes)
        if self.sink:
            self.report.notes += self.sink.notes
        return self.report

    # --- batches -----------------------------------------------------------------------------

    def _sizes(self) -> list[tuple[int, int]]:
        with everything():
            rows = AuditBatch.objects.filter(number__gte=self.since).order_by("number")
            return list(rows.values_list("number", "count"))

    def _one(self, number: int) -> _Batch | None:
        found = self._load([number])
        return found[0] if found else None

    def _load(self, numbers: list[int]) -> list[_Batch]:
        with everything():
            rows = AuditBatch.objects.filter(number__in=numbers).order_by("number")
            return [
                _Batch(header(row), row.ids, bytes(row.leaves), bytes(row.marks), bytes(row.digest))
                for row in rows
            ]

    def _chain(self, batch: _Batch, last: _Batch | None, known: set[int]) -> None:
        number = batch.number
        if not batch.sound:
            other = next((n for n in _around(number, known) if batch.sound_as(n)), None)
            words = f"第{number}批的封存记录被改过，和它的摘要不符"
            if other is not None:
                words = f"批次被调换：第{number}批的位置上是第{other}批"
            self._add(What.BATCH, number, None, words)
        elif (number == 1 and batch.previous != GENESIS) or (
            last is not None and last.number == number - 1 and batch.previous != last.digest
        ):
            words = f"第{number}批没有接在第{number - 1}批之后：前一批被改写过"
            self._add(What.BATCH, number, None, words)

    def _missing_batches(self, first: int, last: int) -> None:
        which = f"第{first}批" if first == last else f"第{first}至{last}批"
        self._add(What.BATCH, first, None, f"{which}的封存记录不见了")
        if self.sink:
            for number in range(first, last + 1):
                self._entries_of_lost(number)

    def _entries_of_lost(self, number: int) -> None:
        """Hold the entries of a batch that only the sink still has against what is there."""
        kept = self.sink.read(number) if self.sink else None
        if kept is not None:
            self._entries([kept], kept.head["watermark"])

    def _truth(self, batch: _Batch) -> _Batch:
        """What the entries are held against: the sink's line where there is one."""
        kept = self.sink.read(batch.number) if self.sink else None
        if kept is None:
            return batch
        if kept.digest != batch.digest:
            words = f"第{batch.number}批和库外备份不一致：数据库里的封存记录被改写过"
            self._add(What.SINK, batch.number, None, words)
        return kept

    def _tail(self, last: _Batch | None, expected: int) -> None:
        if self.sink is None:
            return
        behind = [n for n in self.sink.numbers() if n >= expected]
        if behind:
            first, final = behind[0], behind[-1]
            words = f"数据库缺少末尾的第{first}至{final}批，库外备份里还有"
            self._add(What.SINK, first, None, words)
            for number in behind:
                self._entries_of_lost(number)
        elif last is not None and last.number > self.sink.last:
            short = last.number - self.sink.last
            self.report.notes.append(f"最后{short}批还没有送到库外备份")
        for number, words in self.sink.faults:
            self._add(What.SINK, number, None, words)

    # --- entries -----------------------------------------------------------------------------

    def _entries(self, batches: list[_Batch], low: int) -> None:
        """Compare what the batches say with what is there, everything above ``low`` included."""
        if not batches:
            return
        high = max(batch.head["watermark"] for batch in batches)
        late = [key for batch in batches for key in batch.ids if not low < key <= high]
        present: dict[int, str] = {}
        form = batches[0].form
        sql = f"SELECT e.id, {text_sql(form)} FROM audit_auditentry e WHERE "  # noqa: S608
        with everything(), connection.cursor() as cursor:
            for where, args in (
                ("e.id > %s AND e.id <= %s", [low, high]),
                ("e.id = ANY(%s)", [late]),
            ):
                cursor.execute(sql + where, args)
                present.update(cursor.fetchall())
        for batch in batches:
            self.report.entries += len(batch.ids)
            for place, key in enumerate(batch.ids):
                text = present.pop(key, None)
                wanted = batch.leaf(place)
                if text is None:
                    self.lost[wanted] = key
                    words = f"记录不见了（封存于第{batch.number}批）"
                    self._add(What.MISSING, batch.number, key, words)
                elif (now := leaf(text)) != wanted:
                    self.lost[wanted] = key
                    names = "、".join(differing(text, batch.mark(place), batch.form))
                    self.odd.append((batch.number, key, now, names, *told(text, batch.form)))
            if self.stray:
                for key in batch.ids:
                    self.stray.pop(key, None)
        span = batches[-1].number
        for key, text in present.items():
            if low < key <= high:
                number = next((b.number for b in batches if key <= b.head["watermark"]), span)
                self.stray[key] = (number, *told(text, form), leaf(text))

    def _strays_below_one(self) -> None:
        sql = f"SELECT e.id, {text_sql()} FROM audit_auditentry e WHERE e.id < 1"  # noqa: S608
        with everything(), connection.cursor() as cursor:
            cursor.execute(sql)
            for key, text in cursor.fetchall():
                self.stray[key] = (1, *told(text), leaf(text))

    def _settle(self, last: _Batch | None) -> None:
        """What can only be said at the end: who changed places, and what belongs nowhere."""
        open_gaps = [gap for each in last.head["pending"] for gap in each["gaps"]] if last else []
        moved_from = set()
        for number, key, now, names, at, verb in self.odd:
            other = self.lost.get(now)
            if other is not None and other != key:
                words = f"位置被调换：这里现在是第{other}号记录的内容"
                self._add(What.MOVED, number, key, words, at, verb)
            else:
                words = f"内容被改过：{names or '内容'}"
                self._add(What.ALTERED, number, key, words, at, verb)
        for key, (number, at, verb, now) in self.stray.items():
            if any(lo <= key <= hi for lo, hi in open_gaps):
                continue
            other = self.lost.get(now)
            if other is not None:
                moved_from.add(other)
                words = f"编号被改过：原来是第{other}号记录"
                self._add(What.MOVED, number, key, words, at, verb)
            else:
                words = "封存之后才插进来的记录，不在任何一批里"
                self._add(What.ADDED, number, key, words, at, verb)
        self.found.sort(key=lambda f: (f.batch, f.entry is not None, f.entry or 0))
        self.report.total = len(self.found)
        self.report.findings = self.found[:KEPT]
        with everything(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM audit_auditentry WHERE id > %s",
                [last.head["watermark"] if last else 0],
            )
            self.report.unsealed = cursor.fetchone()[0]

    def _add(
        self,
        what: What,
        batch: int,
        entry: int | None,
        said: str,
        at: datetime | None = None,
        verb: str = "",
    ) -> None:
        self.found.append(Finding(what, batch, entry, said, at, verb))


def _around(number: int, known: set[int], reach: int = 100) -> list[int]:
    """The numbers near one, the nearest first."""
    near = known & set(range(number - reach, number + reach + 1))
    return sorted(near - {number}, key=lambda n: (abs(n - number), n))


def _chunks(sizes: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Numbers of batches together, about `CHUNK` entries at a time."""
    chunk: list[int] = []
    held = 0
    for number, count in sizes:
        if chunk and held + count > CHUNK:
            yield chunk
            chunk, held = [], 0
        chunk.append(number)
        held += count
    if chunk:
        yield chunk


class _Sink:
    """The file of the second sink: where the line of each batch begins, and what is odd about it.

    A line broken off by a kill and one that came twice are named and harmless; a number that is
    missing in between, or two different lines for one batch, are not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offsets: dict[int, int] = {}
        self.notes: list[str] = []
        self.faults: list[tuple[int, str]] = []
        digests: dict[int, str] = {}
        with path.open("rb") as file:
            offset = 0
            for place, text in enumerate(file, start=1):
                kept = _parsed(text)
                if kept is None:
                    if text.strip():
                        self.notes.append(f"库外备份第{place}行不完整（写到一半被中断），已跳过")
                elif kept.number in self.offsets:
                    if digests[kept.number] == kept.digest.hex():
                        self.notes.append(f"库外备份第{place}行重复了第{kept.number}批")
                    else:
                        words = f"库外备份里第{kept.number}批有两行，内容不同"
                        self.faults.append((kept.number, words))
                elif not kept.sound:
                    words = f"库外备份第{place}行（第{kept.number}批）被改过，和它的摘要不符"
                    self.faults.append((kept.number, words))
                else:
                    self.offsets[kept.number] = offset
                    digests[kept.number] = kept.digest.hex()
                offset += len(text)
        ordered = sorted(self.offsets)
        for before, after in pairwise(ordered):
            if after != before + 1:
                words = f"库外备份缺第{before + 1}至{after - 1}批"
                self.faults.append((before + 1, words))
        if ordered and ordered[0] > 1:
            self.notes.append(f"库外备份从第{ordered[0]}批开始，更早的只按数据库核对")
        self.last = ordered[-1] if ordered else 0

    def numbers(self) -> list[int]:
        return sorted(self.offsets)

    def read(self, number: int) -> _Batch | None:
        if number not in self.offsets:
            return None
        with self.path.open("rb") as file:
            file.seek(self.offsets[number])
            return _parsed(file.readline())


def _parsed(text: bytes) -> _Batch | None:
    try:
        found = json.loads(text)
        digest = bytes.fromhex(found.pop("digest"))
        ids = [key for lo, hi in found.pop("ids") for key in range(lo, hi + 1)]
        leaves = base64.b64decode(found.pop("leaves"))
        marks = base64.b64decode(found.pop("marks"))
        return _Batch(found, ids, leaves, marks, digest)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
