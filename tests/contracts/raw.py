"""The second fence alone: SQL on the application's own connection, whatever a view might be made to
send. Like `walk.py`: functions that raise ``AssertionError``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, models, transaction

from tests.contracts.things import Rows, is_hidden, plant, plant_public
from tests.contracts.walk import owns, undone
from tests.world import A, Sign, actor, path_of
from weiye.base.scope.actor import Actor, below, system
from weiye.base.scope.fence import fence, own
from weiye.base.scope.models import Scoped
from weiye.base.scope.policies import scoped_models

LO, HI = below(path_of(A))
OF_A = "unit_path >= %s AND unit_path < %s"


def run(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def count_of_a(model: type[models.Model]) -> int:
    return int(run(f'SELECT count(*) FROM "{model._meta.db_table}" WHERE {OF_A}', [LO, HI])[0][0])


@contextmanager
def attempt() -> Iterator[None]:
    """The database may refuse; what matters is that nothing happens."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        assert "permission denied" in str(error) or "row-level security" in str(error), error


# What an injected statement might try before it looks around.
TRICKS: Mapping[str, str] = {
    "as it is": "SELECT 1",
    "RESET ROLE": "RESET ROLE",
    "SET ROLE NONE": "SET ROLE NONE",
    "RESET ALL": "RESET ALL",
    "SET SESSION AUTHORIZATION DEFAULT": "SET SESSION AUTHORIZATION DEFAULT",
    "row_security off": "SET LOCAL row_security = off",
    "empty range": "SELECT set_config('weiye.lo', '', true), set_config('weiye.hi', '', true)",
    "empty everything": "SELECT set_config('weiye.' || n, '', true) FROM unnest("
    "'{lo,hi,account,username,person,institution}'::text[]) n",
}


def hidden_models() -> list[type[Scoped]]:
    return [model for model in scoped_models() if is_hidden(model)]


def nothing_is_read(who: Actor, visible: Callable[[type[Scoped]], int] = lambda _: 0) -> None:
    """No row of A but ``visible`` ones, whatever is tried first."""
    asked = " UNION ALL ".join(
        f'SELECT {n}, count(*) FROM "{model._meta.db_table}" WHERE {OF_A}'
        for n, model in enumerate(hidden_models())
    )
    mine = [(model, visible(model), accounts_own(model, who)) for model in hidden_models()]
    for trick, sql in TRICKS.items():
        counts: dict[int, int] = {}
        with undone(), fence(who), attempt():
            run(sql)
            counts = dict(run(asked, [LO, HI] * len(mine)))
        for n, found in counts.items():
            model, most, spare = mine[n]
            assert found <= most + spare, f"{model.__name__}: {found} rows of A, {trick}"
            if trick == "as it is":
                assert found >= most, f"{model.__name__}: own rows are not read"
        assert counts or trick == "row_security off", f"{trick}: the question was refused"


def accounts_own(model: type[Scoped], who: Actor) -> int:
    """Rows of A that are the account's own (its account, its memberships)."""
    if not model.fence_account or who.account_id is None:
        return 0
    with fence(system()):
        sql = f'SELECT count(*) FROM "{model._meta.db_table}" WHERE {OF_A} AND '
        return int(run(f'{sql}"{model.fence_account}" = %s', [LO, HI, who.account_id])[0][0])


def nothing_is_written(who: Actor, rows: Rows) -> None:
    """No row of A is changed, deleted, added, or taken to another unit."""
    for model in scoped_models():
        table = model._meta.db_table
        with fence(system()):
            before = run(f'SELECT t::text FROM "{table}" t WHERE {OF_A} ORDER BY 1', [LO, HI])
            [(copy,)] = run(
                f'SELECT to_jsonb(t) FROM "{table}" t WHERE {OF_A} LIMIT 1', [LO, HI]
            ) or [(None,)]
        spare = accounts_own(model, who) if model.fence_account_writes else 0
        assert copy is not None, f"{model.__name__}: nothing of A is planted"
        # Only who works under a role of its own gains by leaving it.
        for trick in ("as it is", "RESET ROLE") if who.subject else ("as it is",):
            for sql in (
                f'UPDATE "{table}" SET unit_path = unit_path WHERE {OF_A}',
                f'DELETE FROM "{table}" WHERE {OF_A}',
            ):
                with undone(), fence(who), attempt():
                    run(TRICKS[trick])
                    with connection.cursor() as cursor:
                        cursor.execute(sql, [LO, HI])
                        most = spare if sql.startswith("UPDATE") else 0
                        assert cursor.rowcount <= most, f"{model.__name__}: {sql} {trick}"
            if model.fence_write == "append":
                continue
            with undone():
                taken = False
                try:
                    with transaction.atomic(), fence(who):
                        run(TRICKS[trick])
                        columns = ", ".join(
                            f'"{f.column}"' for f in model._meta.concrete_fields if not f.generated
                        )
                        run(
                            f'INSERT INTO "{table}" ({columns}) SELECT {columns} '
                            f'FROM json_populate_record(NULL::"{table}", %s::json)',
                            [_fresh(model, copy)],
                        )
                        taken = True
                except DatabaseError as error:
                    refused = "row-level security" in str(error) or "permission" in str(error)
                    assert refused, f"{model.__name__}: {error}"
                assert not taken, f"{model.__name__}: a row is added to A, {trick}"
        with fence(system()):
            after = run(f'SELECT t::text FROM "{table}" t WHERE {OF_A} ORDER BY 1', [LO, HI])
        assert after == before, model.__name__


def _fresh(model: type[Scoped], copy: Any) -> str:
    import json

    values = dict(json.loads(copy) if isinstance(copy, str) else copy)
    pk = str(model._meta.pk.column)  # type: ignore[union-attr]
    if isinstance(values[pk], int):
        values[pk] = 10**9 + 7
    return json.dumps(values)


def own_rows(sign: Sign, rows: Rows) -> Callable[[type[Scoped]], int]:
    """How many rows of A are the subject's own, by model."""

    def number(model: type[Scoped]) -> int:
        if not owns(sign) or sign.subject is None:
            return 0
        kind, key = sign.subject
        column = model.fence_subjects.get(kind)
        if column is None:
            return 0
        with fence(system()):
            area = model._default_manager.filter(unit_path__gte=LO, unit_path__lt=HI)
            return area.filter(**{column: key}).count()

    return number


def fence_holds(sign: Sign) -> None:
    """Raw SQL as the sign reads its own rows of A alone and changes none."""
    with undone():
        plant_public_rows = plant_public()
        things = plant(plant_public_rows)
        rows: Rows = things["rows"]
        who = actor(sign.username)
        counts = own_rows(sign, rows)
        expected = {model: counts(model) for model in hidden_models()}
        nothing_is_read(who, lambda model: expected[model])
        nothing_is_written(who, rows)


def shut_without_fence() -> None:
    """Outside any fence, and for an account whose membership is not known yet, nothing shows."""
    with undone():
        plant()
        with connection.cursor() as cursor:
            # As a fresh connection has it: the test's own transaction may have had fences.
            cursor.execute(TRICKS["empty everything"])
        for model in hidden_models():
            assert count_of_a(model) == 0, model.__name__
        nothing_is_read(own(None))


def first_fence_holds(sign: Sign) -> None:
    """``visible_to`` hides A by itself, with the second fence wide open."""
    with undone():
        rows: Rows = plant()["rows"]
        who = actor(sign.username)
        counts = own_rows(sign, rows)
        for model in hidden_models():
            most = counts(model)
            with fence(system()):
                manager = model._default_manager
                seen = manager.visible_to(who).filter(unit_path__gte=LO, unit_path__lt=HI)  # type: ignore[attr-defined]
                assert seen.count() <= most, f"{model.__name__}.visible_to shows rows of A"


def as_declared() -> None:
    """Every fenced table bears exactly the policies that its model declares, and every table with a
    unit is fenced."""
    from tests.contracts.tables import differences

    assert not (found := differences()), found
