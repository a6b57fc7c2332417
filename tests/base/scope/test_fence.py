"""The second fence holds without the first: raw SQL inside a request's transaction."""

import uuid

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from tests.world import A, B, actor, path_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.login import UnfencedLogin, refuse_unfenced_login
from weiye.base.scope.policies import scoped_models
from weiye.registers.people.models import Person

pytestmark = pytest.mark.django_db


def count(table: str = "people_person") -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        return int(cursor.fetchone()[0])


@pytest.fixture
def people() -> dict[str, Person]:
    made = {}
    with fence(system()):
        for code in (A, B):
            unit = Unit.objects.get(code=code)
            made[code] = Person.objects.create(
                unit=unit, unit_path=unit.path, name="演示人", source="test", as_of="2026-01-01"
            )
    return made


@pytest.mark.requirement("ORG-2")
def test_raw_select_shows_own_rows_alone(people: dict[str, Person]) -> None:
    with fence(actor("worker-a")):
        assert count() == 1
        assert Person.objects.get().pk == people[A].pk
    with fence(actor("worker-b")):
        assert Person.objects.get().pk == people[B].pk
    with fence(actor("clerk")):
        assert count() == 2


def test_unset_and_empty_range_show_nothing(people: dict[str, Person]) -> None:
    assert count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('weiye.lo', '', true), set_config('weiye.hi', '', true)")
    assert count() == 0


def test_reset_role_does_not_open_the_fence(people: dict[str, Person]) -> None:
    with fence(actor("worker-a")), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        assert count() == 1


def test_writing_into_a_neighbour_is_refused(people: dict[str, Person]) -> None:
    neighbour = Unit.objects.get(code=B)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        fence(actor("worker-a")),
    ):
        Person.objects.create(
            unit=neighbour, unit_path=neighbour.path, name="x", source="t", as_of="2026-01-01"
        )


def test_moving_a_row_to_a_neighbour_is_refused(people: dict[str, Person]) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        fence(actor("worker-a")),
    ):
        Person.objects.filter(pk=people[A].pk).update(unit_path=path_of(B))


def test_nested_fence_restores_the_outer_range(people: dict[str, Person]) -> None:
    with fence(actor("clerk")):
        with fence(actor("worker-a")):
            assert count() == 1
        assert count() == 2


def test_every_scoped_table_is_fenced() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity, count(p.polname)
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'unit_path'
            LEFT JOIN pg_policy p ON p.polrelid = c.oid
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            GROUP BY 1, 2
            """
        )
        fenced = {name: (on, number) for name, on, number in cursor.fetchall()}
    assert set(fenced) == {model._meta.db_table for model in scoped_models()}
    assert all(on and number >= 2 for on, number in fenced.values()), fenced


def test_audit_is_append_only() -> None:
    for statement in ("UPDATE audit_auditentry SET verb = 'x'", "DELETE FROM audit_auditentry"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_start_up_accepts_the_fenced_login_and_refuses_the_owner() -> None:
    refuse_unfenced_login()
    from django.db import connections

    from weiye.base.scope import login

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(login, "connection", connections["owner"])
        with pytest.raises(UnfencedLogin):
            refuse_unfenced_login()


def test_start_up_refuses_a_range_that_comes_with_the_connection() -> None:
    """From the server's configuration or the address of the database."""
    from tests.base.scope.test_connections import apart

    def with_options() -> None:
        there = dict(connection.settings_dict)
        there["OPTIONS"] = {**there["OPTIONS"], "options": "-c weiye.hi=zz"}
        connection.settings_dict = there
        try:
            refuse_unfenced_login()
        finally:
            connection.close()
            connection.settings_dict = {**there, "OPTIONS": plain}

    plain = dict(connection.settings_dict["OPTIONS"])
    with pytest.raises(UnfencedLogin, match="hi"):
        apart(with_options)
    apart(refuse_unfenced_login)


def test_ids_held_elsewhere_tells_nothing_but_the_given_index(people: dict[str, Person]) -> None:
    index = uuid.uuid4().hex * 2
    with fence(system()):
        Person.objects.filter(pk=people[B].pk).update(
            id_number="379901199001010000", id_index=index
        )
    with fence(actor("worker-a")), connection.cursor() as cursor:
        cursor.execute("SELECT weiye_ids_held_elsewhere(%s)", [[index, "f" * 64]])
        assert cursor.fetchall() == [(index,)]
    with fence(actor("worker-b")), connection.cursor() as cursor:
        cursor.execute("SELECT weiye_ids_held_elsewhere(%s)", [[index]])
        assert cursor.fetchall() == []


def test_below_is_one_range() -> None:
    lo, hi = below("37/10/")
    assert lo <= "37/10/02/001/" < hi
    assert not lo <= "37/100/" < hi
    assert not lo <= "37/11/" < hi
    with pytest.raises(ValueError, match="ends with"):
        below("37/10")
