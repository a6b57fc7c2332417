"""``./weiye migrations``: may the old and the new release run side by side while tables change?

Web and worker machines are replaced one after the other, after the tables. So a migration only
adds: the code of the release before must go on working on its result, and no statement may hold a
large table for long. What takes something away comes one release after the code that stopped using
it. Where a migration must do otherwise it says so, operation by operation, and why::

    HABIT = {"remove_field person.nickname": "release 0.2 stopped reading it; nothing else did"}

Migrations of releases that are out are listed in ``released_migrations.txt`` and not judged.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, CheckConstraint

BASELINE = Path(__file__).with_name("released_migrations.txt")
ENOUGH_REASON = 20


@dataclass(frozen=True)
class Objection:
    """``operation`` as a HABIT names it; ``sentence`` says what goes wrong and what to do."""

    migration: str
    operation: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.operation}: {self.sentence}"


def released(file: Path = BASELINE) -> set[tuple[str, str]]:
    """(app, migration) of everything that has been given out."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {(app, name) for app, name in pairs}


def ours(loader: MigrationLoader) -> list[tuple[str, str]]:
    """Our own migrations in the order in which they are applied."""
    plan: list[tuple[str, str]] = []
    for leaf in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(leaf):
            if node not in plan:
                plan.append(node)
    return [
        key for key in plan if loader.disk_migrations[key].__class__.__module__.startswith("weiye.")
    ]


def objections(known: set[tuple[str, str]] | None) -> list[Objection]:
    """What speaks against the migrations that are not ``known``, in their order.

    ``known`` None: against all, as if each had been a release of its own.
    """
    loader = MigrationLoader(None)
    fresh: set[tuple[str, str]] = set()
    found: list[Objection] = []
    for key in ours(loader):
        migration = loader.disk_migrations[key]
        if known is None:
            fresh = set()
        elif key in known:
            continue
        before = loader.project_state(key, at_end=False)
        found += judge(migration, before, fresh)
    return found


def judge(
    migration: migrations.Migration, before: ProjectState, fresh: set[tuple[str, str]]
) -> list[Objection]:
    """One migration. ``fresh``: (app, model) made since the baseline, which are still empty."""
    name = f"{migration.app_label} {migration.name}"
    module = sys.modules.get(type(migration).__module__)
    excuses: dict[str, str] = dict(getattr(module, "HABIT", {}))
    found, used = [], set()
    for operation in migration.operations:
        for label, sentence in _against(operation, migration, before, fresh):
            if label not in excuses:
                found.append(Objection(name, label, sentence))
            elif len(excuses[label].strip()) < ENOUGH_REASON:
                found.append(Objection(name, label, "its HABIT gives no reason worth the name"))
            used.add(label)
        operation.state_forwards(migration.app_label, before)
    for label in sorted(set(excuses) - used):
        found.append(Objection(name, label, "HABIT excuses what the migration does not do"))
    return found


def _against(
    operation: Any, migration: migrations.Migration, before: ProjectState,
    fresh: set[tuple[str, str]],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    app = migration.app_label
    model = (getattr(operation, "model_name", "") or getattr(operation, "name", "") or "").lower()
    new = (app, model) in fresh
    field = f"{model}.{getattr(operation, 'name', '')}".lower()
    match operation:
        case migrations.SeparateDatabaseAndState():
            for inner in operation.database_operations:
                yield from _against(inner, migration, before, fresh)
        case migrations.CreateModel():
            fresh.add((app, operation.name.lower()))
        case migrations.DeleteModel():
            yield (
                f"delete_model {model}",
                "the release before still reads the table; delete it one release later",
            )
        case migrations.RenameModel():
            yield (
                f"rename_model {operation.old_name.lower()}",
                "the release before knows the old name; add a new table and fill it instead",
            )
        case migrations.AlterModelTable():
            yield f"alter_model_table {model}", "the release before knows the old table"
        case migrations.RemoveField() if not new:
            yield (
                f"remove_field {field}",
                "the release before still reads the column; remove it one release later",
            )
        case migrations.RenameField() if not new:
            yield (
                f"rename_field {model}.{operation.old_name}".lower(),
                "the release before knows the old name; add a column and fill it instead",
            )
        case migrations.AddField() if not new:
            yield from _added(operation.field, field)
        case migrations.AlterField() if not new:
            old = before.models[app, model].fields.get(operation.name)
            yield from _altered(old, operation.field, field)
        case migrations.AddIndex() if not new:
            if not isinstance(operation, AddIndexConcurrently):
                yield (
                    f"add_index {model}.{operation.index.name}",
                    (
                        "writing waits for the whole index; AddIndexConcurrently in a migration "
                        "with atomic = False"
                    ),
                )
        case migrations.AddConstraint() if not new:
            if isinstance(operation, AddConstraintNotValid):
                return
            check = isinstance(operation.constraint, CheckConstraint)
            yield (
                f"add_constraint {model}.{operation.constraint.name}",
                "reading every row holds the table"
                + (
                    "; AddConstraintNotValid, and ValidateConstraint in a later migration"
                    if check
                    else "; add a unique index concurrently first, and the rows of the release "
                    "before must keep it"
                ),
            )
        case migrations.AlterUniqueTogether() | migrations.AlterIndexTogether() if not new:
            yield f"unique_together {model}", "use a constraint with a name"
        case migrations.RunPython() if operation.reverse_code is None:
            yield (
                f"run_python {getattr(operation.code, '__name__', '')}",
                "there is no way back; give reverse_code, RunPython.noop where nothing is to do",
            )
        case migrations.RunSQL() if operation.reverse_sql is None:
            yield "run_sql", "there is no way back; give reverse_sql, RunSQL.noop if need be"


def _added(field: Any, label: str) -> Iterator[tuple[str, str]]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield (
            f"add_field {label}",
            "the release before inserts rows without it; make it nullable or give db_default",
        )
    if (field.db_index or field.unique) and not field.many_to_one:
        yield (
            f"index_field {label}",
            "writing waits for the index; add the column first, its index concurrently",
        )


def _altered(old: Any, new: Any, label: str) -> Iterator[tuple[str, str]]:
    if old is None:
        return
    kinds = (old.get_internal_type(), new.get_internal_type())
    if kinds[0] != kinds[1]:
        yield (
            f"alter_type {label}",
            (
                f"{kinds[0]} becomes {kinds[1]}: the table is rewritten and the release before "
                "writes the old type; add a column and fill it instead"
            ),
        )
    lengths = (old.max_length, new.max_length)
    if lengths[0] != lengths[1] and (
        lengths[1] is not None and (lengths[0] is None or lengths[1] < lengths[0])
    ):
        yield (
            f"shorten {label}",
            "the release before writes longer values; check in the form first, shorten later",
        )
    if old.null and not new.null:
        yield (
            f"not_null {label}",
            (
                "the release before may leave it empty and every row is read; tighten one release "
                "later, with a NOT VALID check first"
            ),
        )
    if (new.db_index and not old.db_index) or (new.unique and not old.unique):
        yield f"index_field {label}", "writing waits for the index; add it concurrently"


def record(file: Path = BASELINE) -> int:
    """Call every migration of today released; returns how many."""
    keys = ours(MigrationLoader(None))
    head = "# Given out: `./weiye migrations` does not judge them any more. Written by --record.\n"
    text = head + "".join(f"{app} {name}\n" for app, name in sorted(keys))
    file.write_text(text, encoding="utf-8")
    return len(keys)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./weiye migrations",
        description="Whether the migrations of this release let the release before run beside it "
        "(docs/operations.md, Upgrades).",
    )
    parser.add_argument("--all", action="store_true", help="those of earlier releases as well")
    parser.add_argument(
        "--record", action="store_true", help="at a release: call all of today's given out"
    )
    options = parser.parse_args(argv)
    if options.record:
        sys.stdout.write(f"{record()} migrations in {BASELINE.name}\n")
        return 0
    found = objections(None if options.all else released())
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stderr.write(f"{len(found)} objections\n")
    return 1 if found else 0
