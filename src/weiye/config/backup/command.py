"""``./weiye backup FILE`` and ``./weiye restore FILE``."""

import argparse
import secrets
import sys
from pathlib import Path

from django.conf import settings
from django.db import connections

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import MissingRole, ensure_subject_role
from weiye.config import setup

from . import actions, sealed, tools

KEY_FILE = "backup.key"
_DIGITS = 64


class NoKey(Exception):
    """There is no backup key, or it is none; one sentence for the operator."""


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def backup_main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./weiye backup",
        description="Write the whole database, encrypted, to FILE while the product runs. The "
        "first call makes the backup key; keep a copy of it, and of secrets.json, apart from the "
        "backups: whoever has both can read everything, whoever has no key nothing.",
    )
    parser.add_argument("file", type=Path)
    _key_option(parser)
    options = parser.parse_args(argv)
    try:
        done = actions.back_up(options.file, key(options.key_file, make=True), say)
    except (actions.Refused, tools.ToolMissing, NoKey) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{options.file} could not be written: {error.strerror}.")
    _note("backup", done)
    say(
        f"{options.file}: {done.rows:,} rows of {done.tables} tables, {done.bytes / 1e6:,.1f} MB "
        f"in {done.seconds:.1f} s ({done.rate:.0f} MB/s)."
    )
    return 0


def restore_main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./weiye restore",
        description="Restore the backup FILE into an empty database, all of it or nothing, and "
        "compare every table with the checksums of the backup. Nobody stays signed in.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--examine", action="store_true", help="only examine FILE, restore nothing")
    _key_option(parser)
    options = parser.parse_args(argv)
    try:
        secret = key(options.key_file)
        say(f"Examining {options.file} …")
        manifest, end, size = actions.examine(options.file, secret, say)
        rows = sum(each for each, _ in end["tables"].values())
        say(
            f"Whole and unaltered: {size / 1e6:,.1f} MB, {rows:,} rows of {len(end['tables'])} "
            f"tables, made {manifest['made_at']} by release {manifest['version']}."
        )
        if options.examine:
            return 0
        actions.refuse_unsuitable(manifest)
        actions.refuse_filled()
        setup.app_login()
        with connections["owner"].cursor() as cursor:
            ensure_subject_role(cursor)
        done = actions.restore(options.file, secret, say)
    except (
        actions.Refused,
        sealed.Damaged,
        tools.ToolMissing,
        NoKey,
        setup.SetupFailed,
        MissingRole,
    ) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{options.file} could not be read: {error.strerror}.")
    say(
        f"Restored: {done.rows:,} rows of {done.tables} tables in {done.seconds:.1f} s "
        f"({done.rate:.0f} MB/s); every table has the checksum of the backup."
    )
    if status := setup.main([]):
        say("weiye: the data are restored, but set-up failed; run ./weiye setup.")
        return status
    _note("restore", done)
    return 0


def key(file: Path | None, *, make: bool = False) -> bytes:
    """32 bytes: of ``file``, of WEIYE_BACKUP_KEY, or of ``backup.key`` in the state folder.

    ``make``: make the last where there is none. Raises `NoKey`.
    """
    given = settings.BACKUP_KEY
    kept = settings.HOME / KEY_FILE
    if file is not None or not given:
        at = file or kept
        if make and file is None and not at.exists():
            at.touch(mode=0o600, exist_ok=False)
            at.write_text(secrets.token_hex(_DIGITS // 2) + "\n", encoding="ascii")
            say(
                f"Made the backup key {at}. Copy it to a safe place now: without it no backup can "
                "be read."
            )
        try:
            given = at.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NoKey(
                f"There is no backup key: {at} is missing. Put it there, or name it with "
                "--key-file or WEIYE_BACKUP_KEY."
            ) from None
        except UnicodeDecodeError:
            given = ""
    try:
        found = bytes.fromhex(given)
    except ValueError:
        found = b""
    if len(given) != _DIGITS or len(found) != _DIGITS // 2:
        raise NoKey(f"The backup key must be {_DIGITS} hexadecimal digits.")
    return found


def _key_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key-file", type=Path, help="the backup key (default: WEIYE_BACKUP_KEY, or backup.key "
        "in the state folder)"
    )  # fmt: skip


def _note(verb: str, done: actions.Done) -> None:
    """In the audit log: somebody carried everything out, or in."""
    actor = system()
    with fence(actor):
        top = Unit.objects.filter(parent=None).order_by("path").first()
        if top is not None:
            record(
                actor=actor,
                verb=f"database.{verb}",
                path=top.path,
                detail={"rows": done.rows, "tables": done.tables, "bytes": done.bytes},
            )


def _failed(sentence: str) -> int:
    say(f"weiye: {sentence}")
    return 1
