"""Each check finds the fault that it is there for, and a sound world has none."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from django.utils import timezone

from tests.contracts import things
from tests.world import A, B, actor
from weiye.base.integrity import actions, checks, queries
from weiye.base.integrity.checks import BadCheck, Check
from weiye.base.integrity.models import Finding
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence

pytestmark = pytest.mark.django_db

FAULTS: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8")
)
# What the planted rows break already.
MENDED = {
    "privacy.notice_overdue": "UPDATE privacy_notice SET due_on = current_date + 9",
    "runs.finished_without_a_time": "UPDATE runs_run SET finished_at = now()",
}
# The log takes no change: its faults are planted in copies of its tables.
OF_THE_LOG = {"audit.sealing_behind", "audit.batch_missing"}


@pytest.fixture
def owner_rules(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """Break things as only somebody with the database in hand can."""

    def run(statements: list[str]) -> None:
        unit = Unit.objects.get(code=A)
        with connection.cursor() as cursor:
            for statement in statements:
                for name, value in (("{A}", A), ("{B}", B), ("{aid}", str(unit.pk))):
                    statement = statement.replace(name, value)
                cursor.execute(statement)

    return run


def find(name: str) -> Check:
    return next(check for check in checks.all_checks() if check.id == name)


def test_every_check_has_a_fault_that_proves_it() -> None:
    written = {c.id for c in checks.all_checks() if not c.id.endswith("_in_its_unit")}
    assert written == set(FAULTS) | OF_THE_LOG
    assert len(checks.all_checks()) >= 40


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_found(name: str, owner_rules: Callable[[list[str]], None]) -> None:
    things.plant()
    with fence(system()):
        owner_rules([MENDED[name]] if name in MENDED else [])
        before = actions.run(find(name))
        assert before.count is not None
        owner_rules(FAULTS[name])
        after = actions.run(find(name))
    assert after.count and after.count > before.count, name
    assert after.keys and len(after.keys) == min(after.count, actions.KEYS)


@pytest.mark.parametrize("name", sorted(OF_THE_LOG))
def test_a_fault_of_the_log_is_found_in_what_the_log_shows(name: str) -> None:
    """The log takes no change, so its checks are run on copies under the same names."""
    with fence(system()), connection.cursor() as cursor:
        for table in ("audit_auditbatch", "audit_auditentry"):
            cursor.execute(
                f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING DEFAULTS)"
            )
        cursor.execute("ALTER TABLE pg_temp.audit_auditentry ALTER COLUMN id DROP NOT NULL")
        for number in (1, 2, 3):
            cursor.execute(
                "INSERT INTO pg_temp.audit_auditbatch (unit_path, number, form, sealed_at, count, "
                "ids, leaves, marks, watermark, pending, previous, digest) "
                "VALUES ('37/', %s, 1, now(), 1, '{1}', '', '', %s, '[]', '', '')",
                [number, number * 10],
            )
        for key, age in ((29, "1 hour"), (31, "1 minute")):
            cursor.execute(
                "INSERT INTO pg_temp.audit_auditentry (id, unit_path, at, actor_name, role, verb, "
                "thing_type, thing_id, detail) "
                "VALUES (%s, '37/', now() - %s::interval, '', '', '', '', '', '{}')",
                [key, age],
            )
        check = find(name)
        assert actions.run(check).count == 0
        if name == "audit.sealing_behind":
            cursor.execute("UPDATE pg_temp.audit_auditentry SET at = now() - interval '1 hour'")
            assert actions.run(check).keys == ("31",)
            cursor.execute("DELETE FROM pg_temp.audit_auditbatch")
            assert actions.run(check).count == 2
        else:
            cursor.execute("DELETE FROM pg_temp.audit_auditbatch WHERE number = 2")
            assert actions.run(check).keys == ("3",)


def test_rows_that_left_their_unit_are_found_in_every_table_that_names_one() -> None:
    things.plant()
    derived = [check for check in checks.all_checks() if check.id.endswith("_in_its_unit")]
    assert {"people.person_in_its_unit", "accounts.account_in_its_unit"} <= {c.id for c in derived}
    with fence(system()), connection.cursor() as cursor:
        for check in derived:
            table = re.search(r"FROM (\w+) r", check.sql)
            assert table
            before = actions.run(check).count
            cursor.execute(f"UPDATE {table[1]} SET unit_path = '37/01/'")
            after = actions.run(check).count
            assert before is not None and after and after > before, check.id


def test_an_area_is_told_its_own_faults_alone() -> None:
    things.plant()
    check = find("people.birth_unlikely")
    with fence(system()), connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET birth_date = '1800-01-01'")
    counts = {}
    for code in (A, "371003001001", "371000000000"):
        path = Unit.objects.get(code=code).path
        with fence(system(path)):
            counts[code] = actions.run(check).count
    assert counts[A] and counts["371003001001"] == 0
    assert counts["371000000000"] and counts["371000000000"] >= counts[A]


def test_a_check_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Check("x.bad", "坏的", "note", "m", "r", "SELECT nothing AS key FROM nowhere")
    good = find("regions.parent_missing")
    monkeypatch.setattr(actions, "all_checks", lambda: (bad, good))
    with fence(system()):
        outcomes = actions.examine(actor=system())
    assert [each.count for each in outcomes] == [None, 0]
    assert [each.check.id for each in actions.severe(outcomes)] == ["x.bad"]


def test_without_the_right_nothing_is_examined() -> None:
    who = actor("worker-a")
    with fence(who), pytest.raises(NotAllowed):
        actions.examine(actor=who)
    with fence(who), pytest.raises(NotAllowed):
        actions.begin(actor=who)


def test_findings_are_kept_with_their_trend(monkeypatch: pytest.MonkeyPatch) -> None:
    who = actor("admin")
    check = find("runs.waiting")
    monkeypatch.setattr(queries, "all_checks", lambda: (find("runs.stuck"), check))
    with fence(who):
        for count in (5, 2, 3):
            actions.keep(actor=who, outcomes=[actions.Outcome(check, count, ("1", "2"), 3)])
        old = Finding.objects.create(
            unit_path=who.path, check_id=check.id, at=timezone.now() - timedelta(days=500),
            count=1, ms=1,
        )  # fmt: skip
        actions.keep(actor=who, outcomes=[actions.Outcome(check, 3, ("1",), 3)])
        assert not Finding.objects.filter(pk=old.pk).exists()
        report = queries.report(actor=who)
    first, second = report.rows
    assert first.check.id == "runs.waiting" and first.state == "bad"
    assert first.history == (5, 2, 3, 3) and first.change == 0
    assert second.state == "unknown"
    assert report.count("warning") == 1 and report.good == 0


def test_the_background_work_examines_and_keeps() -> None:
    from weiye.base.integrity import jobs

    who = actor("admin")
    with fence(who):
        run = actions.begin(actor=who)
        assert actions.begin(actor=who).pk == run.pk
    jobs.check.func(run_id=run.pk, path=who.path)
    with fence(who):
        done = Run.objects.get(pk=run.pk)
        assert done.state == RunState.DONE, done.message
        assert done.message.startswith(f"检查了{len(checks.all_checks())}项")
        assert Finding.objects.filter(unit_path=who.path).count() == len(checks.all_checks())
    jobs.nightly.func(timestamp=0)
    with fence(system()):
        assert Finding.objects.filter(unit_path="37/").count() >= len(checks.all_checks())


def test_the_command_ends_with_one_on_severe_findings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from weiye.base.integrity import command

    monkeypatch.setattr(actions, "all_checks", lambda: (find("accounts.password_in_plain"),))
    assert command.main([]) == 0
    with fence(system()), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET password = 'x' WHERE username = 'worker-a'")
    assert command.main([]) == 1
    said = capsys.readouterr().out
    assert "accounts.password_in_plain" in said and "怎么" not in said and "处理：" in said
    assert command.main(["--json"]) == 1
    assert '"count": 1' in capsys.readouterr().out
    assert command.main(["--list"]) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "expected checks by name"),
        ("a: {title: x}", "must have"),
        ("a: {title: x, severity: loud, meaning: m, remedy: r, sql: s}", "unknown severity"),
        ("a: {title: '', severity: note, meaning: m, remedy: r, sql: s}", "empty field"),
        ("a: [", "while parsing"),
    ],
)
def test_a_bad_file_is_told_by_its_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "integrity.yaml"
    path.write_text(text)
    with pytest.raises(BadCheck, match=words) as caught:
        checks.read(path, "x")
    assert "integrity.yaml" in str(caught.value)


def test_no_check_changes_or_shows_anything_of_a_person() -> None:
    for check in checks.all_checks():
        words = check.sql.upper()
        assert not re.search(r"\b(INSERT|UPDATE|DELETE|DROP|ALTER|GRANT|COPY|CALL|SET)\b", words)
        selected: Any = re.search(r"SELECT\s+(.*?)\s+AS KEY", words, re.DOTALL)
        assert selected and re.fullmatch(r"(?:'\w+ ' \|\| )?(?:\w\.)?(?:\w*ID|NUMBER)", selected[1])
        assert re.search(r"[\u4e00-\u9fff]", check.title + check.meaning + check.remedy)
