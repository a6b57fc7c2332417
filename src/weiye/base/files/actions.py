"""Keeping and handing out files."""

import io
from typing import BinaryIO

from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed

from .models import PART_BYTES, FilePart, StoredFile, content_column, part_column

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}


@transaction.atomic
def keep(
    *,
    actor: Actor,
    path: str,
    name: str,
    content: bytes | BinaryIO | io.BufferedIOBase,
    right: str,
) -> StoredFile:
    """Store ``content`` for the unit at ``path``, to be seen by those who have the right there.

    A file object is read from its beginning, a part in memory at a time.
    """
    if not actor.covers(path):
        raise NotAllowed(f"{path} lies outside {actor.path}")
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    whole = size <= PART_BYTES
    file = StoredFile.objects.create(
        unit_path=path,
        # Only the last part of the name: a browser may send a whole path.
        name=name.replace("\\", "/").rsplit("/", 1)[-1][:255],
        content_type=TYPES.get(suffix, "application/octet-stream"),
        content=content_column().seal(source.read() if whole else b""),
        size=size,
        right=right,
        account_id=actor.account_id,
    )
    if not whole:
        column = part_column()
        for number in range((size + PART_BYTES - 1) // PART_BYTES):
            piece = source.read(PART_BYTES)
            FilePart.objects.create(
                file=file, unit_path=path, number=number, content=column.seal(piece)
            )
    return file


def hand_out(*, actor: Actor, file_id: str) -> StoredFile:
    """Return a file that the actor may see, and log that it was taken.

    Raises ``StoredFile.DoesNotExist`` for one outside the actor's area or rights.
    """
    found = StoredFile.objects.visible_to(actor).get(pk=file_id)
    record(actor=actor, verb="file.download", path=found.unit_path, thing=found)
    return found
