"""Requests that are open while the tree changes."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.registers.people.transfers.making import REASON, asked, home, other_side, unit
from tests.world import A, B, C, actor, path_of
from weiye.base.regions import actions as regions
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.registers.people.transfers import actions, moving
from weiye.registers.people.transfers.models import TransferRequest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def merge(code: str, into: str) -> None:
    with fence(system()):
        regions.merge(actor=system(), units=[unit(code)], into=unit(into), day=timezone.localdate())


def sent(person: Person, to: str) -> TransferRequest:
    with fence(actor("worker-a")):
        return actions.send(
            actor=actor("worker-a"), person_id=person.pk, to=unit(to), reason=REASON
        )


def accept(username: str, row: TransferRequest) -> None:
    with fence(actor(username)):
        actions.accept(actor=actor(username), transfer_id=row.pk)


def lives(person: Person) -> str:
    with fence(system()):
        found = Person.objects.select_related("unit").get(pk=person.pk)
        return moving.community_of(found.unit_path)


def test_an_ask_goes_on_after_the_holding_community_was_merged() -> None:
    person = home(A)[0]
    row = asked(actor("worker-c"), person, C)
    merge(A, B)
    assert lives(person) == path_of(B)
    accept("worker-b", other_side(row))
    assert lives(person) == path_of(C)
    with fence(system()):
        assert moving.left_behind([person.pk]) == {}


def test_what_was_sent_is_accepted_after_the_sender_was_merged() -> None:
    person = home(A)[0]
    row = sent(person, C)
    merge(A, B)
    accept("worker-c", other_side(row))
    assert lives(person) == path_of(C)


@pytest.mark.parametrize("merged", [False, True])
def test_nobody_is_moved_into_a_community_that_is_no_more(merged: bool) -> None:
    person = home(A)[0]
    row = asked(actor("worker-c"), person, C)
    with fence(system()):
        name = unit(B).name
        if merged:
            merge(C, B)
        else:
            regions.close(actor=system(), unit=unit(C), day=timezone.localdate())
    with pytest.raises(ValidationError, match=r"撤销.*没有迁移.*不同意.*申请迁入") as caught:
        accept("worker-a", other_side(row))
    assert (name in caught.value.messages[0]) is merged
    assert lives(person) == path_of(A)
    # What the sentence says can be done.
    with fence(actor("worker-a")):
        actions.refuse(actor=actor("worker-a"), transfer_id=other_side(row).pk, note="社区已撤销")
    if merged:
        again = asked(actor("worker-b"), person, B)
        accept("worker-a", other_side(again))
        assert lives(person) == path_of(B)


def test_what_was_sent_to_a_community_that_is_no_more_is_sent_anew() -> None:
    person = home(A)[0]
    row = sent(person, C)
    merge(C, B)
    with pytest.raises(ValidationError, match=r"撤销.*再请原社区重新登记迁出"):
        accept("worker-b", other_side(row))
    assert lives(person) == path_of(A)


def test_two_communities_that_became_one_have_nothing_to_move() -> None:
    person = home(A)[0]
    row = asked(actor("worker-c"), person, C)
    merge(A, C)
    with fence(system()):
        TransferRequest.objects.filter(request=row.request).update(state="escalated")
    # Whoever is above both may answer now, and is told that there is nothing to do.
    with pytest.raises(ValidationError, match="不用再迁移"):
        accept("county", row)
    with fence(system()):
        assert Person.objects.get(pk=person.pk).address == "文化中路1号"


def test_nobody_is_asked_into_or_sent_to_a_closed_community() -> None:
    person = home(A)[0]
    with fence(system()):
        closed = unit(C)
        regions.close(actor=system(), unit=closed, day=timezone.localdate())
    with fence(actor("worker-a")), pytest.raises(ValidationError, match="已撤销"):
        actions.send(actor=actor("worker-a"), person_id=person.pk, to=closed, reason=REASON)
    with fence(system()), pytest.raises(ValidationError, match="已撤销"):
        actions.ask(
            actor=system(), to=closed, id_number=person.id_number, name="林一", reason=REASON
        )
