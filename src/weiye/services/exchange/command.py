"""``./weiye roster`` and ``./weiye vacancies``: imports from a file on this machine.

Sentences about rows are the station worker's Chinese ones; the last line of standard output is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils import timezone

from weiye.base.regions.models import Unit
from weiye.base.regions.queries import unit_by_code
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from . import actions, preview
from .models import ImportBatch
from .sample import sample_roster
from .sheets import MAX_BYTES, SheetRefused


def main(argv: list[str]) -> int:
    """``./weiye roster import FILE --unit CODE`` and ``./weiye roster sample FILE``."""
    parser = argparse.ArgumentParser(prog="./weiye roster", description="Rosters of people.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    _import_arguments(verbs.add_parser("import", help="import a roster (.xlsx or .csv)"))
    sample = verbs.add_parser("sample", help="write a roster of invented people to try with")
    sample.add_argument("file", type=Path)
    sample.add_argument("--unit", metavar="CODE", help="community named in the title")
    sample.add_argument("--as-of", type=date.fromisoformat, metavar="DATE")
    options = parser.parse_args(argv)
    return _sample(options) if options.verb == "sample" else _import("roster", options)


def vacancies_main(argv: list[str]) -> int:
    """``./weiye vacancies import FILE --unit CODE``."""
    return _kind_main("vacancies", "Lists of vacancies.", argv)


def training_main(argv: list[str]) -> int:
    """``./weiye training import FILE --unit CODE``."""
    return _kind_main("training", "A county's catalogue of training programmes.", argv)


def _kind_main(kind: str, about: str, argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"./weiye {kind}", description=about)
    verbs = parser.add_subparsers(dest="verb", required=True)
    _import_arguments(verbs.add_parser("import", help="import a list (.xlsx or .csv)"))
    return _import(kind, parser.parse_args(argv))


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--unit", required=True, metavar="CODE", help="12-digit code")
    parser.add_argument("--dry-run", action="store_true", help="check only, change nothing")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="DATE", help="day that the file speaks of"
    )
    parser.add_argument(
        "--all",
        action="append",
        default=[],
        metavar="FIELD",
        dest="answered",
        help="rosters: labour_capacity (who does not say otherwise is able to work), "
        "pension_drawn (draws no pension)",
    )
    parser.add_argument(
        "--sender", metavar="ID", help="who sent it, of the pack's senders.yaml (default: guessed)"
    )
    parser.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="where rejected rows go (default: beside the file)",
    )


def _import(kind: str, options: argparse.Namespace) -> int:
    try:
        unit = unit_by_code(options.unit)
    except Unit.DoesNotExist:
        return _usage(f"there is no unit {options.unit}")
    try:
        if options.file.stat().st_size > MAX_BYTES:
            return _refused(f"文件超过{MAX_BYTES // 1024 // 1024}MB的上限。请分成几个文件导入。")
        source = options.file.open("rb")
    except OSError as error:
        return _usage(f"cannot read {options.file}: {error.strerror}")
    actor = system(unit.path, name="命令行")
    try:
        with source, fence(actor):
            batch = actions.upload(
                actor=actor,
                unit=unit,
                kind=kind,
                name=options.file.name,
                content=source,
                as_of=options.as_of,
                sender=options.sender,
            )
            if options.answered:
                batch = actions.set_mapping(
                    actor=actor,
                    batch_id=batch.pk,
                    mapping={int(index): name for index, name in batch.mapping.items()},
                    answered=options.answered,
                )
        # Block by block, each in a transaction of its own.
        try:
            batch = actions.check_now(actor=actor, batch_id=batch.pk)
        except SheetRefused:
            with fence(actor):
                actions.cancel(actor=actor, batch_id=batch.pk)
            raise
        page = preview.load(batch.page)
        if not options.dry_run:
            batch = actions.commit_now(actor=actor, batch_id=batch.pk)
        with fence(actor):
            rejects = _write_rejects(batch, options)
            if options.dry_run:
                actions.cancel(actor=actor, batch_id=batch.pk)
    except SheetRefused as error:
        return _refused(error.message)
    except ValidationError as error:
        return _refused("".join(error.messages))
    for sentence in (*batch.notes, *page.problems):
        print(sentence, file=sys.stderr)
    sys.stderr.write(actions.summary(batch) + "\n")
    result = {
        "kind": kind,
        "unit": unit.code,
        "dry_run": options.dry_run,
        **batch.counts,
        "as_of": batch.as_of.isoformat(),
        "rejects_file": rejects,
    }
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _write_rejects(batch: ImportBatch, options: argparse.Namespace) -> str | None:
    """Write the rejected rows beside the file, complete or not at all."""
    if batch.rejects is None:
        return None
    suffix = batch.rejects.name[batch.rejects.name.rfind(".") :]
    target: Path = options.rejects or options.file.with_name(f"{options.file.stem}.rejects{suffix}")
    part = target.with_name(target.name + ".part")
    part.write_bytes(batch.rejects.read())
    part.replace(target)
    return str(target)


def _sample(options: argparse.Namespace) -> int:
    name = "测试社区"
    if options.unit:
        try:
            name = unit_by_code(options.unit).name
        except Unit.DoesNotExist:
            return _usage(f"there is no unit {options.unit}")
    content = sample_roster(name, options.as_of or timezone.localdate())
    options.file.write_bytes(content)
    print(json.dumps({"file": str(options.file), "bytes": len(content)}, ensure_ascii=False))
    return 0


def _refused(message: str) -> int:
    print(message, file=sys.stderr)
    print(json.dumps({"error": message}, ensure_ascii=False))
    return 1


def _usage(message: str) -> int:
    sys.stderr.write(f"weiye: {message}\n")
    return 2
