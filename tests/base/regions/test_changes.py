"""Changes to the tree: what moves along, what is kept, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.base.regions.sound import broken
from tests.world import A, B, C, actor, path_of
from weiye.base.accounts.models import Membership
from weiye.base.audit.models import AuditEntry
from weiye.base.regions import actions, queries
from weiye.base.regions.actions.placing import base36
from weiye.base.regions.models import Unit, UnitPast
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

STREET, STREET_2, COUNTY, OTHER_COUNTY = (
    "371002001000",
    "371002002000",
    "371002000000",
    "371003000000",
)
TODAY = timezone.localdate()
EARLIER = TODAY - timedelta(days=100)


@pytest.fixture(autouse=True)
def inside(db: Any) -> Any:
    with fence(system()):
        yield


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


def person(code: str, name: str = "居民") -> Person:
    home = unit(code)
    return Person.objects.create(unit=home, unit_path=home.path, name=name, source="t", as_of=TODAY)


def refused(**wanted: str) -> Any:
    class Raises:
        def __enter__(self) -> None:
            self.raises = pytest.raises(ValidationError)
            self.caught = self.raises.__enter__()

        def __exit__(self, *args: Any) -> bool:
            done = self.raises.__exit__(*args)
            for at, words in wanted.items():
                assert words in "".join(self.caught.value.message_dict[at])
            return bool(done)

    return Raises()


def test_a_renamed_unit_keeps_its_identity_and_its_old_name_on_older_days() -> None:
    a = unit(A)
    actions.amend(actor=system(), unit=a, name="新甲社区", day=TODAY)
    again = unit(A)
    assert (again.pk, again.name, again.initials) == (a.pk, "新甲社区", "xjsq")
    assert queries.unit_on(again, TODAY - timedelta(days=1)).name == "测试甲社区"  # type: ignore[union-attr]
    assert queries.unit_on(again, TODAY).name == "新甲社区"  # type: ignore[union-attr]
    assert [p.name for p in queries.history(again)] == ["测试甲社区"]


def test_a_moved_unit_takes_rows_accounts_and_queued_work_with_it() -> None:
    someone = person(A)
    run = Run.objects.create(
        kind="t", title="t", right="people.import", unit_path=path_of(A), started_by="x"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
            "VALUES ('q', 't', jsonb_build_object('path', %s::text), 'todo') RETURNING id",
            [path_of(A)],
        )
        job = cursor.fetchone()[0]
    members = Membership.objects.filter(unit_path=path_of(A)).count()
    outcome = actions.move(actor=system(), unit=unit(A), parent=unit(STREET_2), day=TODAY)
    a = unit(A)
    assert a.path == f"{path_of(STREET_2)}u{base36(a.pk)}/"
    someone.refresh_from_db()
    run.refresh_from_db()
    assert someone.unit_path == run.unit_path == a.path
    assert set(Membership.objects.filter(unit=a).values_list("unit_path", flat=True)) == {a.path}
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->>'path' FROM procrastinate_jobs WHERE id = %s", [job])
        assert cursor.fetchone()[0] == a.path
    assert outcome.rows["people.Person"] == 1
    assert outcome.rows["accounts.Membership"] == members > 0
    assert broken() == {}
    # The log stays where it was written, and both sides can read of the move.
    moved = AuditEntry.objects.filter(verb="unit.move")
    assert {entry.unit_path for entry in moved} == {path_of(A), a.path}


def test_a_move_with_a_code_that_nests_gives_the_place_of_the_code() -> None:
    actions.move(
        actor=system(), unit=unit(A), parent=unit(STREET_2), code="371002002009", day=TODAY
    )
    assert unit("371002002009").path == "37/10/02/002/009/"
    assert not Unit.objects.filter(code=A).exists()


def test_a_county_that_gets_another_code_recodes_what_lies_below() -> None:
    someone = person(A)
    actions.amend(actor=system(), unit=unit(COUNTY), code="371005000000", name="环海区", day=TODAY)
    assert unit("371005001001").path == "37/10/05/001/001/"
    someone.refresh_from_db()
    assert someone.unit_path == "37/10/05/001/001/"
    assert [u.code for u in queries.tree(EARLIER, path="37/10/02/001/")] == [STREET, A, B]


def test_merged_units_stay_as_remnants_below_the_one_that_took_their_place() -> None:
    someone = person(B)
    grid = actions.add(
        actor=system(), parent=unit(B), level="grid", name="第一网格", day=EARLIER
    ).units[0]
    actions.merge(actor=system(), units=[unit(B)], into=unit(A), day=TODAY)
    b = Unit.objects.get(pk=someone.unit_id)
    assert (b.ended_on, b.parent, b.plain_code) == (TODAY, unit(A), B)
    assert b.path.startswith(path_of(A) + "x")
    someone.refresh_from_db()
    assert someone.unit_path == b.path
    grid.refresh_from_db()
    assert grid.is_open and grid.parent == unit(A) and grid.path.startswith(path_of(A))
    with pytest.raises(Unit.DoesNotExist):
        queries.unit_by_code(B)
    before = queries.remap(TODAY - timedelta(days=1))
    assert before.path(b.path) == path_of(B)
    assert before.path(grid.path) == path_of(B) + "g01/"


def test_rows_of_a_unit_merged_of_several_count_at_the_nearest_unit_above_them_and_it_is_said() -> (
    None
):
    new = actions.merge(
        actor=system(),
        units=[unit(A), unit(C)],
        into=actions.Part("371002001005", "合并社区"),
        parent=unit(STREET),
        day=TODAY,
    ).units[0]
    person("371002001005")
    before = queries.remap(TODAY - timedelta(days=1))
    assert before.path(new.path) == path_of(COUNTY)
    assert before.undivided == {new.path: "合并社区"}


def test_a_split_unit_goes_on_or_is_closed() -> None:
    g1, g2 = (
        actions.add(actor=system(), parent=unit(A), level="grid", name=name, day=EARLIER).units[0]
        for name in ("第一网格", "第二网格")
    )
    someone = Person.objects.create(unit=g2, unit_path=g2.path, name="甲", source="t", as_of=TODAY)
    new = actions.split(
        actor=system(),
        unit=unit(A),
        parts=[actions.Part("371002001007", "新设社区", children=(g2.pk,))],
        day=TODAY - timedelta(days=1),
    ).units[0]
    someone.refresh_from_db()
    assert someone.unit_path.startswith(new.path)
    assert queries.remap(EARLIER).path(someone.unit_path) == path_of(A) + "g02/"
    assert list(new.origins.all()) == [unit(A)]
    a = unit(A)
    with refused(parts="还剩"):
        actions.split(
            actor=system(),
            unit=a,
            parts=[actions.Part("371002001008", "东"), actions.Part("371002001009", "西")],
            keep=False,
            day=TODAY,
        )
    actions.split(
        actor=system(),
        unit=a,
        parts=[
            actions.Part("371002001008", "东社区", children=(g1.pk,)),
            actions.Part("371002001009", "西社区"),
        ],
        keep=False,
        day=TODAY,
    )
    a = Unit.objects.get(pk=a.pk)
    assert not a.is_open
    assert a.parent == unit("371002001008")


def test_closing_and_opening_again() -> None:
    someone = person(B)
    actions.close(actor=system(), unit=unit(B), day=EARLIER)
    b = Unit.objects.get(pk=someone.unit_id)
    assert b.path.startswith(path_of(STREET) + "x")
    assert B not in [u.code for u in queries.tree(TODAY)]
    actions.reopen(actor=system(), unit=b, day=TODAY)
    assert unit(B).path == path_of(B)
    someone.refresh_from_db()
    assert someone.unit_path == path_of(B)
    days = {day: B in [u.code for u in queries.tree(day)] for day in (EARLIER, TODAY)}
    assert days == {EARLIER: False, TODAY: True}
    assert B in [u.code for u in queries.tree(EARLIER - timedelta(days=1))]


def test_a_day_before_the_last_change_and_a_day_to_come_are_refused() -> None:
    actions.amend(actor=system(), unit=unit(A), name="新甲社区", day=TODAY - timedelta(days=5))
    with refused(day="不能早于这一天"):
        actions.amend(actor=system(), unit=unit(A), name="甲", day=TODAY - timedelta(days=6))
    with refused(day="不能早于这一天"):
        actions.move(
            actor=system(),
            unit=unit(STREET),
            parent=unit(OTHER_COUNTY),
            day=TODAY - timedelta(days=6),
        )
    with refused(day="不能晚于今天"):
        actions.amend(actor=system(), unit=unit(A), name="甲", day=TODAY + timedelta(days=1))
    # On the very day of the last change it goes.
    actions.amend(actor=system(), unit=unit(A), name="甲社区", day=TODAY - timedelta(days=5))
    assert [p.name for p in queries.history(unit(A))] == ["测试甲社区"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (B, "已由测试乙社区使用"),
        ("371002001", "请填写12位"),
        ("371002003001", "不在环翠楼街道"),
        ("371002003000", "是街道（乡镇）的代码"),
        ("３７１００２００１００９", "请填写12位"),
    ],
)
def test_wrong_codes_are_refused(code: str, words: str) -> None:
    with refused(code=words):
        actions.amend(actor=system(), unit=unit(A), code=code, day=TODAY)


def test_places_that_cannot_be_are_refused() -> None:
    with refused(parent="它自己或它的下级"):
        actions.move(actor=system(), unit=unit(STREET), parent=unit(A), day=TODAY)
    with refused(parent="它自己或它的下级"):
        actions.move(actor=system(), unit=unit(STREET), parent=unit(STREET), day=TODAY)
    with refused(parent="不能放在"):
        actions.move(actor=system(), unit=unit(A), parent=unit(OTHER_COUNTY), day=TODAY)
    with refused(parent="本来就在"):
        actions.move(actor=system(), unit=unit(A), parent=unit(STREET), day=TODAY)
    with refused(__all__="还有下级单位"):
        actions.close(actor=system(), unit=unit(STREET), day=TODAY)
    with refused(name="已有"):
        actions.amend(actor=system(), unit=unit(A), name="测试乙社区", day=TODAY)
    with refused(urban_rural="应为"):
        actions.amend(actor=system(), unit=unit(A), urban_rural="999", day=TODAY)
    with refused(into="它自己"):
        actions.merge(actor=system(), units=[unit(A)], into=unit(A), day=TODAY)


def test_work_in_progress_is_waited_for() -> None:
    Run.objects.create(
        kind="t",
        title="导入名册",
        right="people.import",
        unit_path=path_of(A),
        started_by="x",
        state="running",
    )
    with refused(__all__="导入名册"):
        actions.move(actor=system(), unit=unit(A), parent=unit(STREET_2), day=TODAY)


def test_who_may_not_changes_nothing() -> None:
    for username in ("worker-a", "county", "city"):
        who = actor(username)
        with fence(who), pytest.raises(NotAllowed):
            actions.amend(actor=who, unit=unit(A), name="甲", day=TODAY)
    below_county = system(path_of(COUNTY), rights=("units.edit",))
    with fence(below_county), pytest.raises(NotAllowed):
        actions.move(actor=below_county, unit=unit(STREET), parent=unit(OTHER_COUNTY), day=TODAY)
    # A code of one's own unit is a matter of the unit above.
    with fence(below_county), pytest.raises(NotAllowed):
        actions.amend(actor=below_county, unit=unit(COUNTY), code="371009000000", day=TODAY)
    with fence(below_county):
        actions.amend(actor=below_county, unit=unit(COUNTY), name="环翠新区", day=TODAY)


def test_a_preview_says_the_same_and_keeps_nothing() -> None:
    person(A)

    def change() -> actions.Outcome:
        return actions.move(actor=system(), unit=unit(STREET), parent=unit(OTHER_COUNTY), day=TODAY)

    said = actions.preview(change)
    assert unit(STREET).path == path_of(STREET)
    assert not UnitPast.objects.exists()
    assert not AuditEntry.objects.filter(verb="unit.move").exists()
    done = change()
    assert (said.rows, said.along) == (done.rows, done.along)
    assert done.along == 2 and done.rows["people.Person"] == 1


def test_the_database_refuses_overlapping_periods_of_one_unit() -> None:
    actions.amend(actor=system(), unit=unit(A), name="甲社区", day=TODAY)
    kept = UnitPast.objects.get(unit=unit(A))
    with pytest.raises(IntegrityError), transaction.atomic():
        UnitPast.objects.create(
            unit=kept.unit,
            during=(EARLIER, EARLIER + timedelta(days=1)),
            code="x",
            name="x",
            path=kept.path,
            verb="amend",
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        UnitPast.objects.create(
            unit=unit(B), during=(EARLIER, None), code="x", name="x", path="1/", verb="amend"
        )


def test_local_units_get_codes_of_their_own() -> None:
    grids = [
        actions.add(actor=system(), parent=unit(A), level="grid", name=f"{n}网格", day=TODAY).units[
            0
        ]
        for n in "一二"
    ]
    assert [(g.code, g.path) for g in grids] == [
        (f"{A}g01", f"{path_of(A)}g01/"),
        (f"{A}g02", f"{path_of(A)}g02/"),
    ]
    house = actions.add(
        actor=system(), parent=grids[1], level="building", name="1号楼", day=TODAY
    ).units[0]
    assert house.path == f"{path_of(A)}g02/b001/"
    area = actions.add(
        actor=system(),
        parent=unit("371000000000"),
        level="county",
        name="某新区",
        kind="functional",
        day=TODAY,
    ).units[0]
    assert (area.code, area.path) == ("3710gn01", "37/10/gn01/")
    moved = actions.move(actor=system(), unit=unit(STREET), parent=area, day=TODAY).units[0]
    assert moved.path.startswith("37/10/gn01/u")
    assert unit(A).path.startswith(moved.path)


def test_every_kind_of_work_that_holds_units_is_waited_for() -> None:
    import re
    from pathlib import Path

    from weiye.base.regions.actions.step import TURNS

    source = Path(actions.__file__).parents[3]
    found = {
        kind
        for path in source.rglob("*.py")
        for kind in re.findall(r'take_turn\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    # What only adds to the log changes no row of a unit; what an account is told is no unit's.
    assert found - {"audit.seal", "audit.sink", "people.told"} <= set(TURNS)


def test_the_checks_notice_a_broken_tree() -> None:
    assert broken() == {}
    a, b = unit(A), unit(B)
    Unit.objects.filter(pk=a.pk).update(path="37/01/99/")
    Unit.objects.filter(pk=unit(STREET_2).pk).update(ended_on=TODAY)
    for n, (first, last) in enumerate([(20, 10), (9, 5)]):
        UnitPast.objects.create(
            unit=b,
            during=(TODAY - timedelta(days=first), TODAY - timedelta(days=last)),
            code=f"x{n}",
            name="x",
            path=b.path,
            verb="amend",
        )
    found = broken()
    assert found["regions.path_below_parent"] == [a.pk]
    assert found["regions.open_below_closed"] == [unit(C).pk]
    assert found["regions.history_in_order"] == [b.pk]
    assert found["regions.closed_code_freed"] == [unit(STREET_2).pk]
    assert found["accounts.membership_in_its_unit"]
