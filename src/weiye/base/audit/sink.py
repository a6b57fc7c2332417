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
                got = max(state.delivered, sink.last())
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


class _File:
    def __init__(self, where: str) -> None:
        self.path = Path(where)

    def last(self) -> int:
        """The number of the last whole line; 0 for a new file."""
        try:
            with self.path.open("rb") as file:
                return _last_number(file)
        except FileNotFoundError:
            return 0

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


def _last_number(file: Any) -> int:
    """The batch of the last line that ends in a newline and is one of ours."""
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
                return int(found.group(1))
    return 0


class _Remote:
    def __init__(self, where: str) -> None:
        parts = urlsplit(where)
        if parts.scheme not in ("syslog", "udp") or not parts.hostname:
            raise ValueError(f"WEIYE_AUDIT_SINK: neither a file nor syslog:// nor udp://: {where}")
        self.tcp = parts.scheme == "syslog"
        self.address = (parts.hostname, parts.port or (601 if self.tcp else 514))

    def last(self) -> int:
        return 0

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
