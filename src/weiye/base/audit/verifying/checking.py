"""Is the log still as it was written? Finds what was altered, removed, slipped in or moved.

Each batch is recomputed from the entries themselves, in chunks of one statement. With the second
sink's file, its lines are what the entries are held against: they are out of reach of whoever owns
the database.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.db import connection

from ..canonical import (
    GENESIS,
    differing,
    everything,
    header,
    leaf,
    text_sql,
    told,
)
from ..models import AuditBatch
from .copies import Batch, SinkFile
from .report import Finding, Progress, Report, What

CHUNK = 20_000

# More are counted, not kept.
KEPT = 1_000


def verify(*, since: int = 1, sink: Path | None = None, progress: Progress | None = None) -> Report:
    """Hold every sealed entry from batch ``since`` on against the chain; writes nothing.

    The batch before ``since`` is taken as it is. Raises ``OSError`` for a sink that cannot be read.
    """
    return _Check(since, sink, progress or (lambda done, total: None)).run()


class _Check:
    def __init__(self, since: int, sink: Path | None, progress: Progress) -> None:
        self.since, self.progress = max(1, since), progress
        self.report = Report()
        self.sink = SinkFile(sink) if sink else None
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
        last: Batch | None = self._one(self.since - 1) if self.since > 1 else None
        if self.since == 1:
            self._strays_below_one()
        for numbers in _chunks(sizes):
            batches = self._load(numbers)
            truths: list[Batch] = []
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

    def _one(self, number: int) -> Batch | None:
        found = self._load([number])
        return found[0] if found else None

    def _load(self, numbers: list[int]) -> list[Batch]:
        with everything():
            rows = AuditBatch.objects.filter(number__in=numbers).order_by("number")
            return [
                Batch(header(row), row.ids, bytes(row.leaves), bytes(row.marks), bytes(row.digest))
                for row in rows
            ]

    def _chain(self, batch: Batch, last: Batch | None, known: set[int]) -> None:
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

    def _truth(self, batch: Batch) -> Batch:
        """What the entries are held against: the sink's line where there is one."""
        kept = self.sink.read(batch.number) if self.sink else None
        if kept is None:
            return batch
        if kept.digest != batch.digest:
            words = f"第{batch.number}批和库外备份不一致：数据库里的封存记录被改写过"
            self._add(What.SINK, batch.number, None, words)
        return kept

    def _tail(self, last: Batch | None, expected: int) -> None:
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

    def _entries(self, batches: list[Batch], low: int) -> None:
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

    def _settle(self, last: Batch | None) -> None:
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
