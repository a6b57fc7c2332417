"""Each fence taken away in turn: the leak test must notice.

A check that nothing can make fail proves nothing. Changes to the database are made by its owner,
committed, and undone afterwards by deriving everything anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpRequest, HttpResponse

from tests.base.scope.test_gate import enter, shown_range
from tests.contracts import raw, walk
from tests.contracts.things import is_hidden
from tests.world import SIGNS, Sign, actor
from weiye.base.scope import fence as fences
from weiye.base.scope import gate, policies
from weiye.base.scope.access import Access, right
from weiye.base.scope.actor import Actor
from weiye.base.scope.models import Scoped
from weiye.base.scope.policies import scoped_models

pytestmark = [pytest.mark.slow, pytest.mark.requirement("ORG-2")]

BY_NAME = {sign.username: sign for sign in SIGNS}
SIBLING, PARENT, RESIDENT = BY_NAME["worker-b"], BY_NAME["city"], BY_NAME["resident-2"]
MODELS = scoped_models()


@pytest.fixture(autouse=True)
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database without a test's transaction around: the owner has to get at the tables."""
    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()


def notices(check: Callable[[Sign], None], sign: Sign) -> bool:
    try:
        check(sign)
    except AssertionError:
        return True
    return False


@contextmanager
def changed(*statements: str) -> Iterator[None]:
    """The owner changes the fence; afterwards it is derived anew from the declarations."""
    there = connections["owner"].settings_dict
    with psycopg.connect(
        host=there["HOST"],
        port=there["PORT"],
        user=there["USER"],
        password=there["PASSWORD"],
        dbname=there["NAME"],
        autocommit=True,
    ) as owner:
        try:
            for statement in statements:
                owner.execute(statement)
            yield
        finally:
            policies.apply()


def test_nothing_is_noticed_while_all_fences_stand() -> None:
    raw.fence_holds(SIBLING)
    raw.first_fence_holds(SIBLING)
    raw.shut_without_fence()
    raw.as_declared()
    walk.nothing_shows(SIBLING)
    walk.rights_bind(PARENT)


# The second fence


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_a_table_without_row_level_security_is_noticed(model: type[Scoped]) -> None:
    with changed(f'ALTER TABLE "{model._meta.db_table}" DISABLE ROW LEVEL SECURITY'):
        # Read by all and only added to: its policies hide nothing, they are only declared.
        if (model.fence_read, model.fence_write) != ("all", "append"):
            assert notices(raw.fence_holds, SIBLING)
        assert notices(lambda _: raw.as_declared(), SIBLING)
    raw.as_declared()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_a_policy_that_lets_everything_pass_is_noticed(model: type[Scoped]) -> None:
    table = f'"{model._meta.db_table}"'
    verbs = {"select": "USING (true)", "insert": "WITH CHECK (true)"}
    verbs |= {"update": "USING (true) WITH CHECK (true)", "delete": "USING (true)"}
    if model.fence_read == "all":
        del verbs["select"]
    if model.fence_write == "append":
        verbs = {verb: rule for verb, rule in verbs.items() if verb == "select"}
    for verb, rule in verbs.items():
        open_it = [f"ALTER POLICY weiye_{verb} ON {table} {rule}"]
        if verb in ("update", "delete") and is_hidden(model):
            # What cannot be read cannot be changed by a condition either: both have to go.
            open_it.append(f"ALTER POLICY weiye_select ON {table} USING (true)")
        with changed(*open_it):
            assert notices(raw.fence_holds, SIBLING), verb
            assert notices(lambda _: raw.as_declared(), SIBLING), verb


SUBJECT_MODELS = [model for model in MODELS if model.fence_subjects and is_hidden(model)]


@pytest.mark.parametrize("model", SUBJECT_MODELS, ids=lambda model: model._meta.db_table)
def test_a_subjects_policy_opened_or_taken_away_is_noticed(model: type[Scoped]) -> None:
    table = f'"{model._meta.db_table}"'
    for kind, mine, other in (
        ("person", BY_NAME["resident-1"], RESIDENT),
        ("institution", BY_NAME["employer-1"], BY_NAME["employer-2"]),
    ):
        if kind not in model.fence_subjects:
            continue
        with changed(f"ALTER POLICY weiye_own_{kind} ON {table} USING (true)"):
            assert notices(raw.fence_holds, other), kind
        with changed(f"DROP POLICY weiye_own_{kind} ON {table}"):
            assert notices(lambda _: raw.as_declared(), mine), kind


def test_a_new_table_with_units_and_no_fence_is_noticed() -> None:
    with changed("CREATE TABLE forgotten (id bigint, unit_path text)"):
        try:
            assert notices(lambda _: raw.as_declared(), SIBLING)
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("DROP TABLE forgotten")


def test_a_fence_that_sets_nothing_or_everything_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = fences._settings

    def everything(who: Actor, username: str) -> list[str]:
        return ["0", ":", *plain(who, username)[2:]]

    with monkeypatch.context() as patch:
        patch.setattr(fences, "_settings", everything)
        assert notices(raw.fence_holds, SIBLING)
    with monkeypatch.context() as patch:
        # A subject under the staff's role, in the area where it lives.
        patch.setattr(fences, "_settings", lambda w, u: [*_lived(w, plain(w, u))[:-1], "none"])
        assert notices(raw.fence_holds, RESIDENT)


def _lived(who: Actor, settings: list[str]) -> list[str]:
    return settings if who.subject is None else [who.path, who.path[:-1] + "0", *settings[2:]]


def test_a_fence_that_is_not_restored_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.base.scope import test_connections as connected

    connected.test_an_error_inside_restores_the_outer_fence()
    with monkeypatch.context() as patch:
        # For the whole connection instead of the transaction.
        for name in ("_SET", "_READ_AND_SET"):
            patch.setattr(fences, name, getattr(fences, name).replace("%s, true", "%s, false"))
        for check in (
            connected.test_an_error_leaves_nothing_behind,
            connected.test_what_runs_after_the_commit_sees_nothing,
        ):
            assert notices(lambda _, check=check: check(), SIBLING)  # type: ignore[misc]


# The first fence


HIDDEN = [model for model in MODELS if is_hidden(model)]


@pytest.mark.parametrize("model", HIDDEN, ids=lambda model: model._meta.db_table)
def test_a_query_that_starts_from_all_rows_is_noticed(
    model: type[Scoped], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(model._default_manager.all())  # type: ignore[attr-defined]

    def open_to_all(self: Any, who: Actor) -> Any:
        return self.all() if self.model is model else plain(self, who)

    plain = kind.visible_to
    monkeypatch.setattr(kind, "visible_to", open_to_all)
    assert notices(raw.first_fence_holds, SIBLING)
    assert notices(raw.first_fence_holds, RESIDENT)


def test_a_right_that_is_not_asked_for_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    walk.rights_bind(PARENT)
    monkeypatch.setattr(gate.Actor, "can", lambda self, name: True)

    def unshut(sign: Sign) -> None:
        # What the walk expects comes from the roles themselves.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                walk.Walker,
                "is_shut",
                lambda self, route: bool(
                    route.access
                    and route.access.right
                    and not {route.access.right, "*"} & self.actor.rights
                ),
            )
            walk.rights_bind(sign)

    assert notices(unshut, PARENT)


def test_a_gate_that_asks_for_no_declaration_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def refused(_: Sign) -> None:
        try:
            enter(bare, "worker-a")
        except PermissionDenied:
            return
        raise AssertionError("an undeclared view ran")

    refused(SIBLING)
    monkeypatch.setattr(gate, "declared", lambda view: Access("public"))
    assert notices(refused, SIBLING)


def test_a_gate_without_a_fence_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    view = right("people.list")(lambda request: shown_range(request))

    def fenced(sign: Sign) -> None:
        assert enter(view, sign.username).content.decode() == actor(sign.username).path

    fenced(SIBLING)
    from contextlib import nullcontext

    from django.db import transaction

    for instead in (lambda who: nullcontext(), lambda who: transaction.atomic()):
        with monkeypatch.context() as patch:
            patch.setattr(gate, "fence", instead)
            assert notices(fenced, SIBLING)
