"""``./weiye NAME …``: prepare what the command needs, then become it."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import NotRequired, TypedDict

from weiye.launcher.installation import Installation
from weiye.launcher.locks import Lock
from weiye.launcher.places import discover
from weiye.launcher.progress import Progress
from weiye.launcher.trouble import Trouble

FILE = Path(__file__).parents[1] / "config" / "commands.toml"
MAKES_TABLES = ("setup", "migrate", "makemigrations")


class Command(TypedDict):
    """An entry of commands.toml."""

    target: str
    database: bool
    owner: NotRequired[bool]
    setup: NotRequired[bool]
    unless: NotRequired[str]
    help: NotRequired[str]


def table(file: Path = FILE) -> dict[str, Command]:
    """All commands by name. Raises Trouble for a damaged file."""
    try:
        entries: dict[str, Command] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Trouble(f"{file} cannot be read: {error}") from None
    return entries


def unknown(name: str, names: list[str]) -> Trouble:
    near = difflib.get_close_matches(name, names, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return Trouble(f"There is no command {name}.{hint} ./weiye --help lists them.", status=2)


def needs_database(entry: Command, argv: list[str]) -> bool:
    """Whether the command wants a database when it is called with these arguments."""
    unless = entry.get("unless")
    spared = unless is not None and any(word.split("=")[0] == unless for word in argv)
    return entry["database"] and not spared


def main(name: str, argv: list[str]) -> int:
    """Run a command of the table in place of this process; standard streams pass through.

    A running ``./weiye run`` lends its database; otherwise it runs for as long as the command.
    """
    entries = table()
    entry = entries.get(name)
    if entry is None:
        raise unknown(name, ["run", "test", *entries])
    installation = Installation(os.environ)
    progress = Progress(4, quiet=True)
    installation.packages(progress)
    asks_help = any(word in ("-h", "--help") for word in argv)
    if needs_database(entry, argv) and not asks_help:
        fresh = entry.get("setup", name not in MAKES_TABLES) and not _is_served()
        if fresh or name == "setup":
            installation.front_end(progress)
        installation.database(progress, probe=fresh)
        if fresh:
            installation.setup(progress, demo=False)
        if installation.cluster:
            installation.cluster.survive_exec()
    words = installation.command(name, *argv)
    told = installation.for_children(demo=installation.has_demo, owner=entry.get("owner", False))
    os.execve(words[0], words, told)  # noqa: S606 - no shell is wanted


def _is_served() -> bool:
    """Whether a ``./weiye run`` is up here, which has done its own setting up."""
    with Lock(discover(os.environ).home / "run.lock") as lock:
        return not lock.take()
