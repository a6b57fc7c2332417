"""Searches use their index under row-level security; what that takes is known and said."""

import re

import pytest
from django.db import connection, connections

from tests.world import A, actor
from weiye.base.regions.models import Unit
from weiye.base.scope import leakproof
from weiye.base.scope.actor import system
from weiye.base.scope.bulk import insert_objects
from weiye.base.scope.fence import fence
from weiye.launcher.postgres import bootstrap
from weiye.registers.people import queries
from weiye.registers.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> None:
    with fence(system()):
        unit = Unit.objects.get(code=A)
        for name, key in (
            ("王建国", "wang jian guo"),
            ("李建", "li jian"),
            ("欧阳建国", "ou yang jian guo"),
            ("买买提·吐尔逊", "mai mai ti tu er xun"),
            ("100%", "100%"),
        ):
            Person.objects.create(
                unit=unit,
                unit_path=unit.path,
                name=name,
                name_key=key,
                source="t",
                as_of="2026-01-01",
            )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("建", {"王建国", "李建", "欧阳建国"}),
        ("建国", {"王建国", "欧阳建国"}),
        ("国", {"王建国", "欧阳建国"}),
        ("王建国", {"王建国"}),
        ("吐尔", {"买买提·吐尔逊"}),
        ("提·吐", {"买买提·吐尔逊"}),
        ("WANG jian", {"王建国"}),
        ("ouyangj", {"欧阳建国"}),
        ("jian", set()),
        ("%", {"100%"}),
        ("_", set()),
        ("'; --", set()),
    ],
)
def test_search_by_a_part_of_the_name(people: None, text: str, found: set[str]) -> None:
    with fence(actor("worker-a")):
        rows = queries.search(queries.people(actor("worker-a")), text)
        assert set(rows.order_by("pk").values_list("name", flat=True)) == found


@pytest.mark.parametrize("text", ["建国", "wangjian"])
def test_the_search_goes_by_its_indexes_behind_the_fence(people: None, text: str) -> None:
    who = actor("city")
    with fence(who), connection.cursor() as cursor:
        unit = Unit.objects.get(code=A)
        at = {"unit": unit, "unit_path": unit.path, "as_of": "2026-01-01", "source": "t"}
        insert_objects(
            Person(**at, name=f"{chr(0x5000 + n)}明{n}", name_key=f"x{n}") for n in range(5000)
        )
        cursor.execute("SELECT weiye_analyze()")
        rows = queries.search(Person.objects.visible_to(who).order_by(), text).values("pk")
        sql, values = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    used = set(re.findall(r"Bitmap Index Scan on (\w+)", plan))
    wanted = {"person_name", "person_name_2", "person_name_3", "person_name_4", "person_name_dot"}
    assert wanted <= used, plan
    assert ("person_pinyin" in used) == text.isascii(), plan
    assert "~~" not in plan


def test_what_an_administrator_has_to_run_is_said_until_it_is_done() -> None:
    with connections["owner"].cursor() as cursor:
        wanted = leakproof.mark(cursor)
        assert len(wanted) == len(leakproof.missing(cursor)) <= len(leakproof.NEEDED)
        for statement in wanted:
            assert re.fullmatch(r"ALTER FUNCTION pg_catalog\.\w+\([\w, ]+\) LEAKPROOF", statement)


def test_the_own_server_is_prepared() -> None:
    for name in leakproof.NEEDED:
        assert bootstrap.SQL.count(f"ALTER FUNCTION pg_catalog.{name} LEAKPROOF;") == 2
