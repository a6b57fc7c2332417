"""Sealing: all entries that are in no batch yet become the next one.

Ids are drawn before their transactions commit, and rolled-back ones are never filled. So a batch
remembers the ids below its watermark that nobody has filled (gaps), with the transactions that
were writing to the log at that moment: whoever draws an id holds a lock on the table before, until
the end. Once none of them is left, what is still empty stays empty, and an entry that turns up
there later was slipped in. Locks, unlike transaction ids, also hold while a writer has drawn its id
and done nothing else yet, and mean nothing harmful in a restored database.

A batch is one transaction: killed at any point it leaves the chain as it was.
"""

from typing import Any

from django.db import connection
from django.utils import timezone

from weiye.base.scope.turn import take_turn

from .canonical import (
    FORM,
    GENESIS,
    digest_of,
    everything,
    header,
    leaf,
    marks,
    root_path,
    text_sql,
)
from .models import AuditBatch

MOST = 50_000

_WRITERS = """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
      AND relation = 'audit_auditentry'::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# One statement: both halves see the same moment. Ids that the sequence has not reached were put
# there by hand; a watermark at one would leave out all that comes below it.
_UNSEALED = f"""
    SELECT e.id, {text_sql()}
    FROM unnest(%s::bigint[], %s::bigint[]) AS gap (lo, hi)
    JOIN audit_auditentry e ON e.id BETWEEN gap.lo AND gap.hi
    UNION ALL
    SELECT e.id, {text_sql()} FROM audit_auditentry e WHERE e.id > %s
      AND e.id <= (SELECT pg_sequence_last_value(
                       pg_get_serial_sequence('audit_auditentry', 'id')::regclass))
    ORDER BY 1 LIMIT %s
"""  # noqa: S608 (column names of this module)

Range = list[int]
"""First and last id, both included."""


def seal(*, most: int = MOST) -> int:
    """Seal until nothing is left; returns how many entries were sealed."""
    sealed = 0
    while True:
        batch = seal_next(most=most)
        if batch is None:
            return sealed
        sealed += batch.count
        if batch.count < most:
            return sealed


def seal_next(*, most: int = MOST) -> AuditBatch | None:
    """Seal up to ``most`` entries as one batch; None if nothing has come or been settled."""
    with everything():
        take_turn("audit.seal", "")
        last = AuditBatch.objects.order_by("-number").first()
        watermark = last.watermark if last else 0
        pending: list[dict[str, Any]] = last.pending if last else []
        before = _writers()
        gaps = [gap for each in pending for gap in each["gaps"]]
        with connection.cursor() as cursor:
            cursor.execute(_UNSEALED, [[g[0] for g in gaps], [g[1] for g in gaps], watermark, most])
            rows: list[tuple[int, str]] = cursor.fetchall()
        after = _writers()
        ids = [row[0] for row in rows]
        late = [key for key in ids if key <= watermark]
        new = ids[len(late) :]
        # Cut off inside the gaps: more of them are filled than fitted in.
        cut = len(rows) == most and not new
        left = []
        for each in pending:
            waits = sorted(set(each["waits"]) & before)
            rest = without(each["gaps"], late)
            if rest and (waits or cut):
                left.append({"gaps": rest, "waits": waits})
        fresh = without([[watermark + 1, new[-1]]], new) if new else []
        if fresh:
            # Kept for a round even if nobody writes any more: who committed after the rows were
            # read and before the writers were is in neither.
            left.append({"gaps": fresh, "waits": sorted(after)})
        if not rows and len(left) == len(pending):
            return None
        leaves = b"".join(leaf(text) for _, text in rows)
        marked = b"".join(marks(text) for _, text in rows)
        batch = AuditBatch(
            unit_path=root_path(),
            number=last.number + 1 if last else 1,
            form=FORM,
            sealed_at=timezone.now(),
            count=len(ids),
            ids=ids,
            leaves=leaves,
            marks=marked,
            watermark=new[-1] if new else watermark,
            pending=left,
            previous=bytes(last.digest) if last else GENESIS,
        )
        batch.digest = digest_of(header(batch), ids, leaves, marked)
        batch.save(force_insert=True)
    return batch


def without(ranges: list[Range], taken: list[int]) -> list[Range]:
    """The ranges less the ids taken, which come in ascending order.

    >>> without([[1, 5], [8, 9]], [2, 5, 8])
    [[1, 1], [3, 4], [9, 9]]
    """
    left = []
    taken_of = iter(taken)
    key = next(taken_of, None)
    for lo, hi in sorted(ranges):
        while key is not None and key <= hi:
            if key > lo:
                left.append([lo, key - 1])
            lo = max(lo, key + 1)
            key = next(taken_of, None)
        if lo <= hi:
            left.append([lo, hi])
    return left


def _writers() -> set[str]:
    """The transactions other than this one that have written to the log or are about to."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return {row[0] for row in cursor.fetchall()}
