"""Keeping and handing out files."""

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed

from .models import StoredFile, content_column

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
}


def keep(*, actor: Actor, path: str, name: str, content: bytes, right: str) -> StoredFile:
    """Store ``content`` for the unit at ``path``, to be seen by those who have the right there."""
    if not actor.covers(path):
        raise NotAllowed(f"{path} lies outside {actor.path}")
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return StoredFile.objects.create(
        unit_path=path,
        # Only the last part of the name: a browser may send a whole path.
        name=name.replace("\\", "/").rsplit("/", 1)[-1][:255],
        content_type=TYPES.get(suffix, "application/octet-stream"),
        content=content_column().seal(content),
        size=len(content),
        right=right,
        account_id=actor.account_id,
    )


def hand_out(*, actor: Actor, file_id: str) -> StoredFile:
    """Return a file that the actor may see, and log that it was taken.

    Raises ``StoredFile.DoesNotExist`` for one outside the actor's area or rights.
    """
    found = StoredFile.objects.visible_to(actor).get(pk=file_id)
    record(actor=actor, verb="file.download", path=found.unit_path, thing=found)
    return found
