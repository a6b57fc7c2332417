"""The zero-downtime habit: kept by the migrations that are here, and noticed when it is not."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from weiye.config import upgrades


def test_migrations_since_the_last_release_keep_the_habit() -> None:
    found = upgrades.objections(upgrades.released())
    assert not found, "\n".join(map(str, found))


def test_the_released_ones_are_there() -> None:
    """A released migration that is gone or renamed cannot be applied on top of an old database."""
    from django.db.migrations.loader import MigrationLoader

    missing = upgrades.released() - set(MigrationLoader(None).disk_migrations)
    assert not missing


Judge = Callable[..., list[str]]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The objections against some operations on the table ``thing`` of an earlier release."""

    def run(*operations: Any, habit: dict[str, str] | None = None, new: bool = False) -> list[str]:
        import sys

        module = ModuleType("tests_made_up_migration")
        module.HABIT = habit or {}  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        made = type(
            "Migration",
            (migrations.Migration,),
            {"operations": list(operations), "__module__": module.__name__},
        )("0002_x", "app")
        state = ProjectState()
        state.add_model(
            ModelState(
                "app",
                "Thing",
                [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("a", models.CharField(max_length=50, null=True)),
                    ("b", models.IntegerField(null=True)),
                ],
            )
        )
        fresh = {("app", "thing")} if new else set()
        return [each.operation for each in upgrades.judge(made, state, fresh)]

    return run


def forwards(apps: Any, editor: Any) -> None: ...


AGAINST = {
    "delete_model thing": migrations.DeleteModel("Thing"),
    "rename_model thing": migrations.RenameModel("Thing", "Other"),
    "alter_model_table thing": migrations.AlterModelTable("Thing", "t"),
    "remove_field thing.a": migrations.RemoveField("Thing", "a"),
    "rename_field thing.a": migrations.RenameField("Thing", "a", "c"),
    "add_field thing.c": migrations.AddField("Thing", "c", models.IntegerField(default=0)),
    "index_field thing.c": migrations.AddField(
        "Thing", "c", models.IntegerField(null=True, db_index=True)
    ),
    "alter_type thing.b": migrations.AlterField("Thing", "b", models.BigIntegerField(null=True)),
    "shorten thing.a": migrations.AlterField(
        "Thing", "a", models.CharField(max_length=10, null=True)
    ),
    "not_null thing.a": migrations.AlterField("Thing", "a", models.CharField(max_length=50)),
    "index_field thing.b": migrations.AlterField(
        "Thing", "b", models.IntegerField(null=True, unique=True)
    ),
    "add_index thing.i": migrations.AddIndex("Thing", models.Index(fields=["a"], name="i")),
    "add_constraint thing.k": migrations.AddConstraint(
        "Thing", models.CheckConstraint(condition=models.Q(b__gt=0), name="k")
    ),
    "run_python forwards": migrations.RunPython(forwards),
    "run_sql": migrations.RunSQL("SELECT 1"),
}


@pytest.mark.parametrize("label", AGAINST)
def test_each_breach_is_noticed_and_can_be_excused_with_a_reason(judge: Judge, label: str) -> None:
    operation = AGAINST[label]
    assert judge(operation) == [label]
    reason = "release 0.3 stopped using it in March"
    assert judge(operation, habit={label: reason}) == []
    assert judge(operation, habit={label: "ok"}) == [label]
    assert judge(operation, habit={label: reason, "remove_field thing.zz": reason}) == [
        "remove_field thing.zz"
    ]


FINE = [
    migrations.AddField("Thing", "c", models.IntegerField(null=True)),
    migrations.AddField("Thing", "c", models.BooleanField(default=False, db_default=False)),
    migrations.AlterField("Thing", "a", models.CharField(max_length=90, null=True)),
    migrations.AlterField("Thing", "a", models.CharField("label", max_length=50, null=True)),
    AddIndexConcurrently("Thing", models.Index(fields=["a"], name="i")),
    AddConstraintNotValid("Thing", models.CheckConstraint(condition=models.Q(b__gt=0), name="k")),
    migrations.RunPython(forwards, migrations.RunPython.noop),
    migrations.RunSQL("SELECT 1", migrations.RunSQL.noop),
]


@pytest.mark.parametrize("operation", FINE, ids=lambda each: type(each).__name__)
def test_what_only_adds_is_fine(judge: Judge, operation: Any) -> None:
    assert judge(operation) == []


def test_a_table_of_this_very_release_may_be_changed_as_one_likes(judge: Judge) -> None:
    for label in ("remove_field thing.a", "not_null thing.a", "add_index thing.i"):
        assert judge(AGAINST[label], new=True) == []


def test_a_statement_hidden_in_a_pair_is_judged_too(judge: Judge) -> None:
    pair = migrations.SeparateDatabaseAndState(database_operations=[AGAINST["run_sql"]])
    assert judge(pair) == ["run_sql"]


def test_recording_and_reading_the_baseline(tmp_path: Path) -> None:
    file = tmp_path / "released.txt"
    count = upgrades.record(file)
    assert len(upgrades.released(file)) == count > 20
    assert upgrades.objections(upgrades.released(file)) == []
    assert len(upgrades.objections(None)) > 0
