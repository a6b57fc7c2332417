"""Who may be one: found, shown, decided by a person, never asked again (PPL-3)."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from tests.services.assistance import world
from tests.services.exchange.making import id_number
from tests.world import A, B, C, actor, path_of
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.actions import name_key
from weiye.registers.people.merging import actions as merging
from weiye.registers.people.models import Person
from weiye.registers.people.transfers.moving import move
from weiye.services.exchange.links import LinkRow
from weiye.services.linkage import actions, jobs, queries
from weiye.services.linkage.actions import _common
from weiye.services.linkage.models import Pair, PairState, RowDoubt

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-3")]
DAY = date(2025, 7, 1)
PHONE = "20000000001"


def resident(
    name: str, *, code: str = A, number: str = "", phone: str = "", **facts: Any
) -> Person:
    who = {A: "worker-a", B: "worker-b", C: "worker-c"}[code]
    values: dict[str, Any] = {"name_key": name_key(name)}
    if number:
        values |= {"id_number": number, "id_index": blind_index(number)}
    if phone:
        values |= {"phone": phone, "phone_index": blind_index(phone)}
    with fence(actor(who)):
        return world.person(name, code=code, **(values | facts))


def town() -> None:
    """Others, so that a name and a number mean something."""
    for at, (name, birth) in enumerate(
        [
            ("李强", (1971, 2, 3)),
            ("王芳", (1982, 5, 6)),
            ("刘洋", (1993, 7, 8)),
            ("陈静", (1968, 9, 1)),
        ]
    ):
        resident(
            name, number=id_number(order=101 + 2 * at), birth_date=date(*birth),
            phone=f"2000001000{at}", address=f"文化路{at + 20}号",
        )  # fmt: skip


@pytest.fixture
def twice() -> tuple[Person, Person]:
    """One person, entered twice: the second time by ear, without the last digits."""
    town()
    common = {"birth_date": date(1975, 3, 12), "address": "文化路12号3单元501", "phone": PHONE}
    return resident("张微", number=id_number(order=11), **common), resident("张薇", **common)


def searched(who: str = "worker-a", code: str = A) -> actions.Found:
    one = actor(who)
    with fence(one):
        return actions.search_now(actor=one, path=path_of(code), on=DAY)


def test_a_pair_is_found_once_with_its_reasons(twice: tuple[Person, Person]) -> None:
    assert searched().new == 1
    again = searched()
    assert (again.pairs, again.new) == (1, 0)
    one = actor("worker-a")
    with fence(one):
        pair = queries.pairs(one).get()
        assert {pair.one_id, pair.other_id} == {person.pk for person in twice}
        assert "电话相同" in str(pair.evidence)
        beside = queries.beside(one, pair.pk, as_of=DAY)
        says = {term.field: term.says for term in beside.compared.terms}
        assert says["name"] == "姓名同音"
        shown = str([beside.compared, pair.evidence])
        assert id_number(order=11) not in shown
        assert PHONE not in shown
        assert "3单元501" not in shown


def test_said_to_be_two_it_is_never_asked_again(twice: tuple[Person, Person]) -> None:
    searched()
    one = actor("worker-a")
    with fence(one):
        pair = queries.pairs(one).get()
        actions.decide_different(actor=one, pair_id=pair.pk, reason="是姐妹")
        with pytest.raises(ValidationError, match="已经核对过"):
            actions.decide_same(actor=one, pair_id=pair.pk, keep=pair.one_id, reason="同一人")
    assert searched().pairs == 0
    with fence(one):
        assert queries.pairs(one).get().state == PairState.DIFFERENT
        assert queries.waiting(one) == (0, 0)


def test_said_to_be_one_the_rows_are_merged_and_can_be_parted(twice: tuple[Person, Person]) -> None:
    searched()
    one = actor("worker-a")
    with fence(one):
        pair = queries.pairs(one).get()
        made = actions.decide_same(
            actor=one, pair_id=pair.pk, keep=twice[0].pk, reason="上门见到本人"
        )
        assert not Person.objects.filter(pk=twice[1].pk).exists()
    assert searched().pairs == 0
    with fence(one):
        merging.unmerge(actor=one, merge_id=made.pk, reason="是双胞胎")
        assert Person.objects.filter(pk=twice[1].pk).exists()
    # Somebody said that they are one; that it was taken back is known to who took it back.
    assert searched().new == 0
    with fence(one):
        assert queries.pairs(one).get().state == PairState.DIFFERENT


def moved(people: tuple[Person, ...], to: str) -> None:
    with fence(system()):
        unit = Unit.objects.get(code=to)
        for person in Person.objects.filter(pk__in=[each.pk for each in people]):
            move(person, to=unit, household=False, address="", on=DAY, actor=system())


def test_a_pair_goes_where_both_went_and_what_was_decided_holds_there(
    twice: tuple[Person, Person],
) -> None:
    searched()
    one = actor("worker-a")
    with fence(one):
        actions.decide_different(actor=one, pair_id=queries.pairs(one).get().pk, reason="姐妹")
    moved(twice[:1], B)
    with fence(one):
        assert not Pair.objects.exists()
    with fence(actor("clerk")):
        assert Pair.objects.get().unit_path == path_of("371002001000")
    moved(twice[1:], B)
    with fence(actor("worker-b")):
        assert Pair.objects.get().unit_path == path_of(B)
    assert searched("worker-b", B).pairs == 0


def test_a_pair_that_lies_elsewhere_breaks_no_search(twice: tuple[Person, Person]) -> None:
    searched()
    with fence(system()):
        Pair.objects.update(unit_path=path_of(C))
    assert (searched().pairs, searched().new) == (1, 0)


def test_what_is_decided_while_others_compare_stands(
    twice: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched()
    one = actor("worker-a")
    compare = actions.dedupe

    def slow(*args: Any, **kwargs: Any) -> Any:
        found = compare(*args, **kwargs)
        pair = queries.pairs(one).get()
        actions.decide_different(actor=one, pair_id=pair.pk, reason="姐妹")
        return found.clear()

    monkeypatch.setattr(actions, "dedupe", slow)
    searched()
    with fence(one):
        assert queries.pairs(one).get().state == PairState.DIFFERENT


def test_put_off_it_waits_elsewhere(twice: tuple[Person, Person]) -> None:
    searched()
    one = actor("worker-a")
    with fence(one):
        pair = queries.pairs(one).get()
        actions.put_off(actor=one, pair_id=pair.pk)
        assert queries.waiting(one)[0] == 0
    assert searched().new == 0


def test_a_pair_across_communities_is_for_those_who_see_both(twice: tuple[Person, Person]) -> None:
    resident(
        "张微", code=B, birth_date=date(1975, 3, 12), phone=PHONE, address="文化路12号3单元501"
    )
    searched("clerk", "371002001000")
    with fence(actor("worker-a")):
        seen = [pair.unit_path for pair in Pair.objects.all().order_by("pk")]
        assert set(seen) == {path_of(A)}
    with fence(actor("worker-b")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM linkage_pair")
        assert cursor.fetchone() == (0,)
    clerk = actor("clerk")
    with fence(clerk):
        assert {p.unit_path for p in queries.pairs(clerk)} == {path_of(A), path_of("371002001000")}
    with pytest.raises(NotAllowed):
        searched("grid-a")
    assert _common(path_of(A), path_of(C)) == path_of("371002000000")


def test_in_the_background_and_for_every_county(twice: tuple[Person, Person]) -> None:
    one = actor("worker-a")
    with fence(one):
        run = actions.start_search(actor=one, path=path_of(A))
    jobs.search(run_id=run.pk, path=run.unit_path)
    with fence(one):
        assert "其中新发现1对" in Run.objects.get(pk=run.pk).message
    jobs.county(path=path_of("371002000000"))
    with fence(system()):
        assert Pair.objects.count() == 1


# --- rows of rosters ----------------------------------------------------------------------------


def row(line: int = 2, **said: Any) -> LinkRow:
    values: dict[str, Any] = {
        "line": line,
        "name": "张薇",
        "birth_date": date(1975, 3, 12),
        "phone": "",
        "address": "",
        "household": "",
    }
    return LinkRow(**(values | said))


def answers(rows: list[LinkRow], who: str = "worker-a", code: str = A) -> list[Any]:
    one = actor(who)
    with fence(one):
        return list(actions.resolve(one, Unit.objects.get(code=code), rows))


def test_a_row_that_says_enough_finds_its_person_and_a_stranger_finds_nobody() -> None:
    town()
    known = resident(
        "欧阳明月", number=id_number(order=11), birth_date=date(1975, 3, 12), phone=PHONE,
        address="文化路12号3单元501",
    )  # fmt: skip
    sure = row(
        name="欧阳明月", phone=PHONE, address="文化路12号3单元501", written=id_number(order=11)[:-1]
    )
    stranger = row(3, name="赵六", birth_date=date(1999, 1, 1))
    assert answers([sure, stranger]) == [known.pk, None]
    # The neighbour's roster finds nobody of ours.
    assert answers([sure], "worker-b", B) == [None]


def test_a_doubt_waits_and_what_was_said_of_it_holds(twice: tuple[Person, Person]) -> None:
    doubtful = row(name="张威")
    assert answers([doubtful]) == ["review"]
    one = actor("worker-a")
    with fence(one):
        unit = Unit.objects.get(code=A)
        for _ in range(2):
            actions.keep_doubts(one, unit, 7, "残联", [doubtful])
        waits = queries.doubts(one).get()
        assert "张威".encode() not in bytes(_stored(waits.pk))
        seen = queries.asked(one, waits.pk)
        assert {each.person.pk for each in seen.candidates} >= {twice[1].pk}
        actions.decide_row(actor=one, doubt_id=waits.pk, person_id=twice[1].pk)
        with pytest.raises(ValidationError, match="已经核对过"):
            actions.decide_row(actor=one, doubt_id=waits.pk, person_id=None)
    assert answers([doubtful]) == [twice[1].pk]
    with fence(actor("worker-b")):
        assert not RowDoubt.objects.exists()


def test_said_to_be_nobody_the_row_is_not_asked_again(twice: tuple[Person, Person]) -> None:
    doubtful = row(name="张威")
    one = actor("worker-a")
    with fence(one):
        actions.keep_doubts(one, Unit.objects.get(code=A), 7, "残联", [doubtful])
        waits = queries.doubts(one).get()
        actions.decide_row(actor=one, doubt_id=waits.pk, person_id=None)
    assert answers([doubtful]) == [None]


def test_only_somebody_of_the_unit_can_be_meant(twice: tuple[Person, Person]) -> None:
    other = resident("张微", code=B)
    one = actor("worker-a")
    with fence(one):
        actions.keep_doubts(one, Unit.objects.get(code=A), 7, "残联", [row()])
        waits = queries.doubts(one).get()
        with pytest.raises(ValidationError, match="不在这个辖区"):
            actions.decide_row(actor=one, doubt_id=waits.pk, person_id=other.pk)


def _stored(pk: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT said FROM linkage_rowdoubt WHERE id = %s", [pk])
        return cursor.fetchone()[0]


def test_a_name_alone_is_decided_for_its_line_only(twice: tuple[Person, Person]) -> None:
    bare = row(name="张薇", birth_date=None)
    one = actor("worker-a")
    with fence(one):
        actions.keep_doubts(one, Unit.objects.get(code=A), 7, "残联", [bare])
        waits = queries.doubts(one).get()
        actions.decide_row(actor=one, doubt_id=waits.pk, person_id=twice[1].pk)
    assert answers([bare]) == [twice[1].pk]
    assert answers([row(9, name="张薇", birth_date=None)]) != [twice[1].pk]
