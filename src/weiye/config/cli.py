"""``./weiye <name>``: one table of commands (`commands.toml`), loaded only when called."""

import importlib
import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TABLE = Path(__file__).with_name("commands.toml")
MAKES_TABLES = ("setup", "migrate", "makemigrations")


def table() -> dict[str, dict[str, object]]:
    with TABLE.open("rb") as file:
        return tomllib.load(file)


def needs_database(entry: Mapping[str, object], argv: Sequence[str]) -> bool:
    """Whether a command with these arguments wants a database (see commands.toml)."""
    unless = entry.get("unless")
    spared = unless is not None and any(word.split("=")[0] == unless for word in argv)
    return bool(entry.get("database")) and not spared


def main(argv: list[str]) -> int:
    """Run one command; returns its exit status (2 for an unknown one)."""
    commands = table()
    if not argv or argv[0] in ("-h", "--help"):
        for name, about in sorted(commands.items()):
            sys.stderr.write(f"  {name:14} {about.get('help', '')}\n")
        return 0
    if argv[0] == "--needs-database":
        asked = commands.get(argv[1]) if len(argv) > 1 else None
        return 2 if asked is None else (0 if needs_database(asked, argv[2:]) else 1)
    if (entry := commands.get(argv[0])) is None:
        sys.stderr.write(f"weiye: there is no command {argv[0]!r}; ./weiye --help lists them\n")
        return 2
    module, _, function = str(entry["target"]).partition(":")
    database = needs_database(entry, argv[1:])
    if entry.get("database") or entry.get("django"):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiye.config.settings")
        import django

        django.setup()
        if (trouble := keys_trouble(database=database, name=argv[0])) is not None:
            sys.stderr.write(f"weiye: {trouble}\n")
            return 2
    command: Callable[[list[str]], int | None] = getattr(importlib.import_module(module), function)
    return command(argv[1:]) or 0


def keys_trouble(*, database: bool, name: str) -> str | None:
    """One sentence if the keys of the personal data are missing, malformed or not the right ones.

    Who makes the tables looks into them afterwards.
    """
    from weiye.base.privacy.keyring import NAMES, KeyTrouble, ring

    try:
        for kind in NAMES:
            ring(kind)
        if database and name not in MAKES_TABLES:
            from weiye.base.privacy.known import refuse_wrong_keys

            refuse_wrong_keys()
    except KeyTrouble as trouble:
        return str(trouble)
    return None


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
