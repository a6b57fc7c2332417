"""Every community gets its own people and what changed since last time (PPL-3)."""

import io
import zipfile
from datetime import date

import msoffcrypto
import openpyxl
import pytest
from django.db import connection

from tests.services.assistance import world
from tests.world import A, B, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.exchange.reflow import actions, jobs, privacy, queries
from weiye.services.exchange.reflow.models import ReflowItem, ReflowPackage

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-3")]
FIRST, NEXT = date(2025, 7, 1), date(2025, 7, 8)


def package(day: date, code: str = A) -> ReflowPackage | None:
    unit = Unit.objects.get(code=code)
    own = system(unit.path)
    with fence(own):
        return actions.hand_over(actor=own, unit=unit, as_of=day)


def items(who: str = "worker-a") -> list[tuple[str, str, list[str]]]:
    one = actor(who)
    with fence(one):
        return [
            (item.name, item.kind, [change["fact"] for change in item.changes])
            for item in ReflowItem.objects.visible_to(one).order_by("name")
        ]


@pytest.fixture
def two() -> dict[str, Person]:
    with fence(actor("worker-a")):
        found = {name: world.person(name) for name in ("林一", "林二")}
    with fence(actor("worker-b")):
        found["邻居"] = world.person("邻居", code=B)
    return found


def test_the_first_hands_over_the_ledger_and_the_next_what_changed(two: dict[str, Person]) -> None:
    first = package(FIRST)
    assert first is not None
    assert first.since is None
    assert first.counts["people"] == 2
    assert items() == []
    with fence(actor("worker-a")):
        one = Person.objects.get(pk=two["林一"].pk)
        one.disability_grade, one.fact_sources = 2, {"残联": ["disability_grade"]}
        one.save(update_fields=["disability_grade", "fact_sources"])
        Person.objects.filter(pk=two["林二"].pk).delete()
        world.person("新来")
    second = package(NEXT)
    assert second is not None
    assert second.since == FIRST
    assert items() == [
        ("新来", "new", []),
        ("林一", "changed", ["残疾等级"]),
        ("林二", "left", []),
    ]
    with fence(actor("worker-a")):
        change = ReflowItem.objects.get(name="林一").changes[0]
        assert (change["from"], change["to"], change["source"]) == ("无", "二级", "残联")
    assert items("worker-b") == []


def test_nothing_changed_is_an_answer_and_a_day_has_one_package(two: dict[str, Person]) -> None:
    package(FIRST)
    again = package(NEXT)
    assert again is not None
    assert (again.counts["new"], again.counts["changed"], again.counts["left"]) == (0, 0, 0)
    assert package(NEXT) is None
    assert package(FIRST) is None


def test_the_file_opens_with_its_password_alone_and_holds_no_neighbour(
    two: dict[str, Person],
) -> None:
    package(FIRST)
    with fence(actor("worker-a")):
        world.person("=新来", phone="20000000001")
    found = package(NEXT)
    assert found is not None
    one = actor("worker-a")
    with fence(one):
        kept = ReflowPackage.objects.select_related("file").get(pk=found.pk)
        assert kept.file is not None
        content = kept.file.read()
        password = actions.tell_password(actor=one, package_id=found.pk)
        assert AuditEntry.objects.filter(verb="reflow.password").count() == 1
    with pytest.raises(zipfile.BadZipFile):
        openpyxl.load_workbook(io.BytesIO(content))
    locked = msoffcrypto.OfficeFile(io.BytesIO(content))
    locked.load_key(password=password, verify_password=True)
    plain = io.BytesIO()
    locked.decrypt(plain, verify_integrity=True)
    book = openpyxl.load_workbook(plain)
    everything = [str(cell) for sheet in book for row in sheet.values for cell in row if cell]
    assert "=新来" in everything
    assert "邻居" not in everything
    assert not [text for text in everything if "20000000001" in text]
    wrong = msoffcrypto.OfficeFile(io.BytesIO(content))
    with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
        wrong.load_key(password="not this one", verify_password=True)


def test_the_first_to_look_signs_and_each_change_is_ticked_off(two: dict[str, Person]) -> None:
    package(FIRST)
    with fence(actor("worker-a")):
        world.person("新来")
    found = package(NEXT)
    assert found is not None
    clerk, one = actor("clerk"), actor("worker-a")
    with fence(clerk):
        assert actions.sign_for(actor=clerk, package_id=found.pk).opened_at is None
    with fence(one):
        assert actions.sign_for(actor=one, package_id=found.pk).opened_by == one.name
        item = ReflowItem.objects.visible_to(one).get()
        assert actions.tick_off(actor=one, item_id=item.pk, note="上门见到本人").done_by
        assert queries.packages(one)[0].open_items == 0
        assert actions.tick_off(actor=one, item_id=item.pk, done=False).done_at is None
    other = actor("worker-b")
    with fence(other):
        with pytest.raises(ReflowItem.DoesNotExist):
            actions.tick_off(actor=other, item_id=item.pk)
        with pytest.raises(ReflowPackage.DoesNotExist):
            actions.tell_password(actor=other, package_id=found.pk)
        with connection.cursor() as cursor:
            for table in ("reflowitem", "reflowpackage", "reflowseen"):
                cursor.execute(f"SELECT count(*) FROM exchange_{table}")
                assert cursor.fetchone() == (0,), table
    with fence(one), pytest.raises(NotAllowed):
        actions.hand_over(actor=one, unit=Unit.objects.get(code=B), as_of=NEXT)


def test_the_schedule_is_the_packs(two: dict[str, Person]) -> None:
    whole = system()
    with fence(whole):
        assert {unit.code for unit in queries.due(whole, as_of=FIRST)} == {A, B}
    package(FIRST)
    with fence(whole):
        assert {u.code for u in queries.due(whole, as_of=date(2025, 7, 7))} == {B}
        assert {u.code for u in queries.due(whole, as_of=NEXT)} == {A, B}


def test_the_nightly_work_makes_each_package_once(two: dict[str, Person]) -> None:
    unit = Unit.objects.get(code=A)
    for _ in range(2):
        jobs.one(unit_id=unit.pk, day=FIRST.isoformat())
    with fence(actor("worker-a")):
        assert ReflowPackage.objects.filter(unit_path=path_of(A)).count() == 1


def test_another_key_of_the_indexes_is_no_news(two: dict[str, Person]) -> None:
    with fence(system()):
        Person.objects.filter(pk=two["林一"].pk).update(
            id_number="379901198001010117", id_index="a" * 64,
            phone="20000000001", phone_index="b" * 64,
        )  # fmt: skip
    package(FIRST)
    with fence(system()):
        for name in ("id_index", "phone_index"):
            old = {"id_index": "a" * 64, "phone_index": "b" * 64}[name]
            column = Person._meta.get_field(name)
            privacy.follow_indexes(column, {old: "c" * 64}, "default")  # type: ignore[arg-type]
            Person.objects.filter(pk=two["林一"].pk).update(**{name: "c" * 64})
    assert package(NEXT) is not None
    assert items() == []
