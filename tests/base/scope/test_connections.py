"""What stays on a connection when somebody else gets it next: nothing.

Each test works on a connection of its own, outside the test's transaction, with the accounts that
the world has committed.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.world import A, B, account, actor, path_of
from weiye.base.accounts.models import Account
from weiye.base.runs import actions as runs
from weiye.base.runs.models import Run, RunState
from weiye.base.runs.progress import Progress
from weiye.base.scope.access import signed_in
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

NAMES = ("lo", "hi", "account", "username", "person", "institution")


def apart(work: Callable[[], Any]) -> Any:
    """Run in a thread, on a connection that nobody else has, and give back what it returns."""
    found: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def left() -> dict[str, Any]:
    """What the connection shows and remembers outside any fence."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), current_user::text, session_user::text")
        pid, role, login = cursor.fetchone()
        cursor.execute(
            "SELECT array_agg(coalesce(current_setting('weiye.' || n, true), '')) "
            "FROM unnest(%s::text[]) n",
            [list(NAMES)],
        )
        (settings,) = cursor.fetchone()
    return {
        "pid": pid,
        "role": role == login,
        "settings": set(settings) - {""},
        "accounts": Account.objects.count(),
        "open": connection.in_atomic_block,
    }


def assert_clean(state: dict[str, Any], pid: int) -> None:
    assert state == {"pid": pid, "role": True, "settings": set(), "accounts": 0, "open": False}


def seen() -> set[str]:
    return set(Account.objects.order_by("pk").values_list("username", flat=True))


def test_a_second_request_on_the_same_connection_starts_with_nothing() -> None:
    from django.http import Http404, HttpRequest, HttpResponse

    from tests.base.scope.test_gate import enter

    @signed_in
    def shown(request: HttpRequest) -> HttpResponse:
        return HttpResponse(",".join(sorted(seen())))

    @signed_in
    def lost(request: HttpRequest) -> HttpResponse:
        assert seen()
        raise Http404

    def work() -> dict[str, str]:
        pid = left()["pid"]
        found = {}
        for username in ("worker-a", "resident-1", "county", "worker-b"):
            found[username] = enter(shown, username).content.decode()
            assert_clean(left(), pid)
            if username != "resident-1":
                with pytest.raises(Http404):
                    enter(lost, username)
                assert_clean(left(), pid)
        return found

    found = apart(work)
    assert "worker-b" in found["county"]
    assert "worker-a" in found["worker-a"]
    assert "worker-a" not in found["worker-b"]
    assert found["resident-1"] == ""


def test_an_error_leaves_nothing_behind() -> None:
    def work() -> None:
        pid = left()["pid"]
        with pytest.raises(ZeroDivisionError), fence(actor("county")):
            assert len(seen()) > 5
            raise ZeroDivisionError
        assert_clean(left(), pid)
        with fence(actor("resident-1")), pytest.raises(ZeroDivisionError), fence(system()):
            assert len(seen()) > 5
            raise ZeroDivisionError
        assert_clean(left(), pid)

    apart(work)


def test_an_error_inside_restores_the_outer_fence() -> None:
    def work() -> None:
        with fence(actor("worker-b")):
            outside = seen()
            with pytest.raises(ZeroDivisionError), fence(actor("county")):
                assert seen() > outside
                raise ZeroDivisionError
            assert seen() == outside
            # A refused statement rolls back to the savepoint, settings and all.
            with (
                pytest.raises(DatabaseError, match="nonsense"),
                fence(system()),
                connection.cursor() as cursor,
            ):
                cursor.execute("SELECT nonsense")
            assert seen() == outside
            with fence(system()):
                transaction.set_rollback(True)
            assert seen() == outside
            with fence(actor("resident-1")):
                assert seen() == set()
            assert seen() == outside
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user = session_user")
                assert cursor.fetchone() == (True,)

    apart(work)


def test_what_runs_after_the_commit_sees_nothing() -> None:
    found: list[int] = []

    def work() -> None:
        with fence(system()):
            assert seen()
            transaction.on_commit(lambda: found.append(Account.objects.count()))

    apart(work)
    assert found == [0]


def test_one_worker_process_works_for_one_unit_after_the_other() -> None:
    """Also after a job that failed: each job sees its own unit's rows alone."""
    found: dict[str, set[str]] = {}

    def job(who: Any, run: Run, progress: runs.Reports) -> dict[str, Any]:
        found[run.title] = seen()
        progress.report(1, 2, "x")
        if run.title == "fails":
            raise ZeroDivisionError
        return {}

    def work() -> list[str]:
        states = []
        made: list[Run] = []
        try:
            for title, code in (("one", A), ("fails", A), ("two", B), ("again", A)):
                path = path_of(code)
                with fence(system()):
                    made.append(
                        Run.objects.create(
                            kind=title, title=title, right="people.import", unit_path=path
                        )
                    )
                runs.work_off(run_id=made[-1].pk, path=path, work=job)
                assert_clean(left(), left()["pid"])
            with fence(system()):
                states = [Run.objects.get(pk=run.pk).state for run in made]
        finally:
            with fence(system()):
                Run.objects.filter(pk__in=[run.pk for run in made]).delete()
        return states

    assert apart(work) == [RunState.DONE, RunState.FAILED, RunState.DONE, RunState.DONE]
    assert "worker-a" in found["one"]
    assert "worker-b" not in found["one"]
    assert found["again"] == found["fails"] == found["one"]
    assert "worker-b" in found["two"]
    assert "worker-a" not in found["two"]


def test_progress_leaves_no_range_on_its_connection() -> None:
    """A pooler between would hand the connection to somebody else."""
    with Progress(actor=actor("worker-a"), run_id=0) as progress:
        progress.report(1, 2, "x")
        assert progress.connection is not None
        settings = progress.connection.execute(
            "SELECT current_setting('weiye.lo', true), current_setting('weiye.hi', true)"
        ).fetchone()
        assert set(settings or ()) <= {"", None}
        rows = progress.connection.execute("SELECT count(*) FROM accounts_account").fetchone()
        assert rows == (0,)


def test_a_fence_within_the_tests_transaction_is_restored_too() -> None:
    with fence(actor("clerk")):
        outside = seen()
        assert account("worker-e").username == "worker-e"
        assert seen() == outside
