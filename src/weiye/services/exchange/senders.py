"""Who sent a file, and what its columns meant when that sender's last one came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.utils import timezone

from weiye.base.packs import Sender, load_pack
from weiye.base.scope.actor import Actor
from weiye.registers.people.frames import community_code

from .models import ColumnMemory, ImportBatch, ImportState
from .sheets import Proposal

#: What stands as the source of a fact where no sender was named.
UNKNOWN = "导入"
PLAIN = "名册.xlsx"


def senders(path: str) -> tuple[Sender, ...]:
    """The senders that the pack of a unit names, in its order."""
    return tuple(load_pack(community_code(path or "37/")).senders.values())


def name_of(path: str, sender: str) -> str:
    """The sender's name, ``UNKNOWN`` for none."""
    return next((each.name for each in senders(path) if each.id == sender), UNKNOWN)


def source_of(path: str, sender: str, file: str, *, answered: bool) -> str:
    """What stands as the source of the facts of a file: "民政：低保名册.xlsx".

    A file of a sender whose rosters tell on those who stand in them looks like any file without a
    sender, and so does one that bears the words of such a sender in its name.
    """
    name = name_of(path, sender)
    if discreet(path, sender, (file,)):
        name, file = UNKNOWN, PLAIN
    return f"{name}{'（含统一回答）' if answered else ''}：{file}"


def discreet(path: str, sender: str, texts: Iterable[str]) -> bool:
    """Whether a file is of a sender whose rosters tell on those who stand in them."""
    texts = tuple(texts)
    return any(
        each.id == sender or any(word in text for word in each.words for text in texts)
        for each in senders(path)
        if each.discreet
    )


def guessed(actor: Actor, *, path: str, kind: str, signature: str, texts: Iterable[str]) -> str:
    """The sender of the last imported file with this header, else by the words in ``texts``."""
    last = (
        ImportBatch.objects.visible_to(actor)
        .filter(unit_path=path, kind=kind, signature=signature, state=ImportState.DONE)
        .exclude(sender="")
        .order_by("-id")
        .values_list("sender", flat=True)
        .first()
    )
    if last:
        return last
    found = [
        (len(word), each.id)
        for each in senders(path)
        for word in each.words
        if any(word in text for text in texts)
    ]
    # Of words of one length the sender named first in the pack.
    return max(found, key=lambda f: f[0])[1] if found else ""


class Titled(Protocol):
    """A column by its place and title."""

    @property
    def index(self) -> int: ...

    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was meant by the columns of a sender: title → field, "" = left out."""

    sender: str
    meant: Mapping[str, str]

    def mapping(self, found: Proposal) -> dict[int, str]:
        """The proposal, put right by what was meant before."""
        taken = {
            field
            for choice in found.choices
            if (field := self.meant.get(choice.column.title)) is not None
        }
        chosen: dict[int, str] = {}
        for choice in found.choices:
            field = self.meant.get(choice.column.title)
            if field is None and choice.field not in taken:
                field = choice.field
            if field and field not in chosen.values():
                chosen[choice.column.index] = field
        return chosen


def remembered(actor: Actor, *, path: str, kind: str, sender: str) -> Remembered:
    """What this unit remembers of a sender's columns."""
    rows = ColumnMemory.objects.visible_to(actor).filter(unit_path=path, kind=kind, sender=sender)
    return Remembered(sender, dict(rows.values_list("title", "field")))


def remember(batch: ImportBatch, columns: Iterable[Titled], mapping: Mapping[int, str]) -> None:
    """Keep what the columns of an imported file meant."""
    now = timezone.now()
    rows = {
        column.title[:200]: ColumnMemory(
            unit_path=batch.unit_path,
            kind=batch.kind,
            sender=batch.sender,
            title=column.title[:200],
            field=mapping.get(column.index, ""),
            used_at=now,
        )
        for column in columns
    }
    ColumnMemory.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["unit_path", "kind", "sender", "title"],
        update_fields=["field", "used_at"],
    )
