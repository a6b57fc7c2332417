"""senders.yaml: the offices that send rosters, read."""

from collections.abc import Callable
from dataclasses import dataclass

from .reading import Entry


@dataclass(frozen=True)
class Sender:
    """An office that sends rosters. ``words``: by these it is known in titles and file names.

    ``discreet``: that somebody stands in its rosters is nobody's business; facts do not name it.
    """

    id: str
    name: str
    words: tuple[str, ...]
    source: str
    discreet: bool = False


def read_senders(root: Entry, source: Callable[[Entry], str]) -> dict[str, Sender]:
    """Senders by id, in the order of the file."""
    found: dict[str, Sender] = {}
    for item in root.table("senders")["senders"].items():
        table = item.table("id name words source", "discreet")
        sender = Sender(
            table["id"].text(),
            table["name"].text(),
            tuple(entry.text() for entry in table["words"].items()),
            source(table["source"]),
            "discreet" in table and table["discreet"].truth(),
        )
        if sender.id in found:
            raise item.error(f"there are two senders {sender.id!r}")
        found[sender.id] = sender
    return found
