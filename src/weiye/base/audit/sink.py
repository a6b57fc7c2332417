"""A second place for the chain, outside the database (``WEIYE_AUDIT_SINK``).

Who owns the database can rewrite entries and chain alike, or cut off their end; what has already
left the machine tells. A file path takes one JSON line per batch with everything that its digest
covers, so that the file alone shows which entry was altered. ``syslog://host:port`` (TCP, RFC 6587
octet counting) and ``udp://host:port`` take one RFC 5424 message per batch with the digest.

Lines are written after the batch is committed and carry its number. A file is asked itself how far
it got: a kill between line and database neither loses nor doubles one. A log server cannot be
asked; it may get a batch twice, never not at all. Failures are kept in `AuditSink`, shown, and
tried again with the next sealing; nothing else waits for them.
"""

import base64
import json
import logging
import os
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from weiye.base.scope.turn import take_turn

from .canonical import everything, header, root_path
from .models import AuditBatch, AuditSink

log = logging.getLogger("weiye.audit")

_TIMEOUT = 5.0
_AT_ONCE = 200
_BLOCK = 1 << 16
_NUMBER = re.compile(rb'\{"batch": ?(\d+),')
_DIGEST = re.compile(rb'"digest": ?"([0-9a-f]{64})"')
# local6 (security audit by custom), severity notice; RFC 5424.
_PRIORITY = 22 * 8 + 5


def place() -> str:
    """The configured sink, or ''."""
    return str(settings.AUDIT_SINK)


def line(batch: AuditBatch) -> bytes:
    """One batch as a line of the file, without the newline."""
    found: dict[str, Any] = {
        **header(batch),
        "digest": bytes(batch.digest).hex(),
        "ids": _runs(batch.ids),
        "leaves": base64.b64encode(batch.leaves).decode(),
        "marks": base64.b64encode(batch.marks).decode(),
    }
    return json.dumps(found, separators=(",", ":")).encode()


def _runs(ids: list[int]) -> list[list[int]]:
    """Ascending ids as [first, last] pairs."""
    runs: list[list[int]] = []
    for key in ids:
        if runs and runs[-1][1] + 1 == key:
            runs[-1][1] = key
        else:
            runs.append([key, key])
    return runs


def deliver() -> int:
    """Bring the sink up to the last batch; returns how many lines went out.

    A sink that cannot be reached or written is noted and left for the next time.
    """
    where = place()
    if not where:
        return 0
    sent = 0
    while True:
        with everything():
            take_turn("audit.sink", "")
            state, _ = AuditSink.objects.get_or_create(
                place=where, defaults={"unit_path": root_path()}
            )
            try:
                sink = _Remote(where) if "://" in where else _File(where)
                last, digest = sink.last()
                got = max(state.delivered, last)
                _refuse_another_chain(got, last, digest)
                rows = AuditBatch.objects.filter(number__gt=got).order_by("number")[:_AT_ONCE]
                batches = list(rows)
                if batches:
                    sink.write(batches)
            except (OSError, ValueError) as error:
                log.error("the audit sink %s failed: %s", where, error)
                state.failing_since = state.failing_since or timezone.now()
                state.failed_because = str(error)[:300]
                state.save()
                return sent
            reached = batches[-1].number if batches else got
            if batches or reached != state.delivered or state.failing_since:
                state.delivered, state.delivered_at = reached, timezone.now()
                state.failing_since, state.failed_because = None, ""
                state.save()
            sent += len(batches)
            if len(batches) < _AT_ONCE:
                return sent


def _refuse_another_chain(got: int, last: int, digest: str) -> None:
    """Raise ValueError unless what the second place has are batches of this database.

    ``got``: the newest that it has as far as known; ``last`` and ``digest``: of its last line.
    Otherwise the database was put back to an earlier state or its end was cut off: what comes next
    would be other batches of the same numbers.
    """
    numbers = AuditBatch.objects.order_by("-number").values_list("number", flat=True)
    ours = AuditBatch.objects.filter(number=last).values_list("digest", flat=True).first()
    newest = numbers.first() or 0
    if got > newest:
        what = f"库外备份已到第{got}批，数据库只到第{newest}批"
    elif last and (ours is None or bytes(ours).hex() != digest):
        what = f"库外备份的第{last}批与数据库里的不是同一批"
    else:
        return
    raise ValueError(
        f"{what}：数据库恢复过旧备份，或者记录被删改过。"
        "请先核对并留存这份文件，再让库外备份从新文件开始（WEIYE_AUDIT_SINK）"
    )


class _File:
    def __init__(self, where: str) -> None:
        self.path = Path(where)

    def last(self) -> tuple[int, str]:
        """Number and digest of the last whole line; 0 and '' for a new file."""
        try:
            with self.path.open("rb") as file:
                return _last_line(file)
        except FileNotFoundError:
            return 0, ""

    def write(self, batches: list[AuditBatch]) -> None:
        fresh = not self.path.exists()
        # 0600: the digests are no secret, but nobody else has any business here.
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:
            if not fresh and _torn(self.path):
                # Whoever wrote before was killed in the middle of a line. It stays and is named.
                file.write(b"\n")
            file.writelines(line(batch) + b"\n" for batch in batches)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _torn(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _last_line(file: Any) -> tuple[int, str]:
    """Number and digest of the last batch whose line ends in a newline and is one of ours."""
    end = file.seek(0, os.SEEK_END)
    # Read backwards: a line can be megabytes long, its number stands at its beginning.
    tail = b""
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        tail = file.read(end - start) + tail
        end = start
        whole = tail[: tail.rfind(b"\n") + 1]
        lines = whole.split(b"\n")[:-1]
        # The first piece may be the middle of a line.
        for text in reversed(lines if end == 0 else lines[1:]):
            if found := _NUMBER.match(text):
                digest = _DIGEST.search(text)
                return int(found.group(1)), digest.group(1).decode() if digest else "?"
    return 0, ""


class _Remote:
    def __init__(self, where: str) -> None:
        parts = urlsplit(where)
        if parts.scheme not in ("syslog", "udp") or not parts.hostname:
            raise ValueError(f"WEIYE_AUDIT_SINK: neither a file nor syslog:// nor udp://: {where}")
        self.tcp = parts.scheme == "syslog"
        self.address = (parts.hostname, parts.port or (601 if self.tcp else 514))

    def last(self) -> tuple[int, str]:
        return 0, ""  # it cannot be asked

    def write(self, batches: list[AuditBatch]) -> None:
        host = socket.gethostname()
        messages = []
        for batch in batches:
            body = {**header(batch), "digest": bytes(batch.digest).hex()}
            body.pop("pending")
            at = timezone.localtime(batch.sealed_at).isoformat(timespec="microseconds")
            text = f"<{_PRIORITY}>1 {at} {host} weiye-audit - batch - {json.dumps(body)}"
            messages.append(text.encode())
        if self.tcp:
            with socket.create_connection(self.address, _TIMEOUT) as connection:
                connection.sendall(b"".join(b"%d %b" % (len(m), m) for m in messages))
                connection.shutdown(socket.SHUT_WR)
        else:
            family = socket.getaddrinfo(*self.address, type=socket.SOCK_DGRAM)[0][0]
            with socket.socket(family, socket.SOCK_DGRAM) as connection:
                for message in messages:
                    connection.sendto(message, self.address)
