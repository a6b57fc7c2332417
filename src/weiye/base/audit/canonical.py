"""What a seal covers: every column of an entry, in one form that outlives dump and restore.

An entry's text is the JSON array of its columns (`FORMS`) without the id, as PostgreSQL writes
``jsonb``: object keys by length, then bytes; one space after colon and comma; numbers as they were
given; the time in microseconds since 1970 (UTC). Its leaf is the SM3 (GB/T 32905) of that text in
UTF-8 after `PREFIX`. The id is bound by the batch, which lists ids and leaves side by side: so
entries that changed places are told from altered ones.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from django.db import connection

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .models import AuditBatch

SIZE = 32
PREFIX = b"weiye audit entry 1\n"
#: Form of a batch → columns of an entry in their order, SQL that reads each, Chinese name.
FORMS: dict[int, dict[str, tuple[str, str]]] = {
    1: {
        "unit_path": ("e.unit_path", "所属单位"),
        "at": ("(extract(epoch FROM e.at) * 1000000)::bigint", "时间"),
        "actor_id": ("e.actor_id", "账号"),
        "actor_name": ("e.actor_name", "操作人"),
        "role": ("e.role", "角色"),
        "actor_path": ("e.actor_path", "代表单位"),
        "verb": ("e.verb", "动作"),
        "thing_type": ("e.thing_type", "对象类别"),
        "thing_id": ("e.thing_id", "对象"),
        "person_id": ("e.person_id", "涉及的居民"),
        "detail": ("e.detail", "说明"),
    }
}
FORM = 1
GENESIS = bytes(SIZE)


def text_sql(form: int = FORM) -> str:
    """SQL of the canonical text of a row ``e``."""
    return f"jsonb_build_array({', '.join(sql for sql, _ in FORMS[form].values())})::text"


def sm3(*parts: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def leaf(text: str) -> bytes:
    return sm3(PREFIX, text.encode())


def marks(text: str) -> bytes:
    """Two bytes per column: enough to say which one differs, too little to prove anything."""
    sums = [zlib.crc32(_plain(value)) & 0xFFFF for value in json.loads(text)]
    return struct.pack(f">{len(sums)}H", *sums)


def _plain(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, sort_keys=True).encode() if isinstance(value, dict) else b"%r" % value


def mark_size(form: int = FORM) -> int:
    return 2 * len(FORMS[form])


def differing(text: str, marked: bytes, form: int = FORM) -> list[str]:
    """Chinese names of the columns whose marks differ."""
    now = marks(text)
    return [
        words
        for place, (_, words) in enumerate(FORMS[form].values())
        if now[2 * place : 2 * place + 2] != marked[2 * place : 2 * place + 2]
    ]


def told(text: str, form: int = FORM) -> tuple[datetime, str]:
    """(time, verb) of an entry's text."""
    columns = list(FORMS[form])
    values = json.loads(text)
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=values[columns.index("at")])
    return at, str(values[columns.index("verb")])


def micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def header(batch: AuditBatch) -> dict[str, Any]:
    """Everything of a batch that is not bytes, as its digest covers it."""
    return {
        "batch": batch.number,
        "form": batch.form,
        "sealed_at": micros(batch.sealed_at),
        "count": batch.count,
        "watermark": batch.watermark,
        "pending": batch.pending,
        "previous": bytes(batch.previous).hex(),
    }


def digest_of(head: dict[str, Any], ids: Sequence[int], leaves: bytes, marked: bytes) -> bytes:
    """The SM3 of a batch: header as sorted JSON, a newline, ids as big-endian int64, leaves, marks.

    The header holds the previous batch's digest; that makes the chain.
    """
    text = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    return sm3(text, b"\n", struct.pack(f">{len(ids)}q", *ids), leaves, marked)


def root_path() -> str:
    """The unit that batches and sink belong to: the root of the tree, as they are of all units."""
    root = Unit.objects.filter(parent__isnull=True).order_by("path").first()
    return root.path if root else ""


@contextmanager
def everything() -> Iterator[None]:
    """A transaction that sees the entries of all units, those of no unit included.

    ``system()`` sees units alone; refusals of visitors, for one, belong to none.
    """
    with fence(system()):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('weiye.lo', '', true), set_config('weiye.hi', %s, true)",
                [chr(0x10FFFF) * 2],
            )
        yield
