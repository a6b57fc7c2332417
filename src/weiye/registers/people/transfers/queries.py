"""Reading requests: each side its own, the units above both of them both."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence

from ..models import Person
from . import moving
from .models import OPEN, Kind, Side, TransferRequest, TransferState
from .states import MOVES, Party, may, party_of

BEGAN = Q(kind=Kind.ASK, side=Side.IN) | Q(kind=Kind.SEND, side=Side.OUT)


def requests(actor: Actor) -> QuerySet[TransferRequest]:
    """All rows of the actor's area, newest first."""
    return TransferRequest.objects.visible_to(actor).select_related("unit", "other_unit")


def waiting(actor: Actor) -> QuerySet[TransferRequest]:
    """Rows that wait for this actor's word, the most urgent first.

    Of a request between two units of the actor's own area only what has gone up to it.
    """
    if not actor.can("transfers.decide"):
        return TransferRequest.objects.none()
    lo, hi = actor.range
    both = Q(other_unit__path__gte=lo, other_unit__path__lt=hi)
    return (
        requests(actor)
        .filter(~BEGAN, state__in=OPEN)
        .filter(~both | Q(state=TransferState.ESCALATED))
        .exclude(asked_by=actor.account_id)
        .order_by("expires_at", "id")
    )


def begun(actor: Actor) -> QuerySet[TransferRequest]:
    """What units of the area began and wait for; newest first."""
    return requests(actor).filter(BEGAN, state__in=OPEN)


def under_way(actor: Actor) -> QuerySet[TransferRequest]:
    """Everything open in the area, one row per request, the most urgent first."""
    return _once(actor).filter(state__in=OPEN).order_by("expires_at", "id")


def settled(actor: Actor) -> QuerySet[TransferRequest]:
    """What is decided, one row per request, newest first."""
    return _once(actor).exclude(state__in=OPEN).order_by("-decided_at", "-id")


def _once(actor: Actor) -> QuerySet[TransferRequest]:
    """Of two sides that are both seen the one that the person leaves: it knows both units."""
    leaving = TransferRequest.objects.visible_to(actor).filter(
        request=OuterRef("request"), side=Side.OUT
    )
    return requests(actor).filter(Q(side=Side.OUT) | ~Exists(leaving))


@dataclass(frozen=True)
class TransferPage:
    """One request as one side sees it; ``verbs``: what the actor may do now."""

    row: TransferRequest
    party: Party | None
    verbs: frozenset[str]
    # For those who see the person: whom it is about, and who would move.
    person: Person | None
    members: list[Person]

    @property
    def name_differs(self) -> bool:
        return self.person is not None and self.person.name != self.row.name


def transfer(actor: Actor, transfer_id: int) -> TransferPage:
    """Raises ``TransferRequest.DoesNotExist`` outside the area."""
    row = requests(actor).select_related("escalated_to").get(pk=transfer_id)
    with fence(actor):
        seen = list(TransferRequest.objects.visible_to(actor).filter(request=row.request))
        person = (
            Person.objects.visible_to(actor)
            .defer("id_number", "phone", "address")
            .select_related("unit")
            .filter(pk=_person_of(seen) or 0)
            .first()
        )
        members = moving.household_of(person) if person is not None and row.open else []
    return TransferPage(
        row=row,
        party=party_of(actor, seen),
        verbs=frozenset(verb for verb in MOVES if _may(actor, row, seen, verb)),
        person=person,
        members=members,
    )


def _person_of(rows: Collection[TransferRequest]) -> int | None:
    return next((row.person_id for row in rows if row.person_id is not None), None)


def _may(actor: Actor, row: TransferRequest, seen: list[TransferRequest], verb: str) -> bool:
    """`states.may` by what this side knows: the other row may be out of sight."""
    if len(seen) == 1:
        other = TransferRequest(
            kind=row.kind,
            side=Side.IN if row.side == Side.OUT else Side.OUT,
            state=row.state,
            asked_by=row.asked_by,
            unit_path="~",
        )
        seen = [row, other]
    return may(actor, seen, verb)


def open_for(actor: Actor, person_id: int) -> TransferRequest | None:
    """An open request about a person of the area, as its own side sees it."""
    return requests(actor).filter(person_id=person_id, side=Side.OUT, state__in=OPEN).first()


def asked_for(actor: Actor, indexes: Collection[str]) -> set[tuple[str, str]]:
    """(unit path, blind index) of the ID numbers that units of the area have asked for."""
    if not indexes:
        return set()
    rows = TransferRequest.objects.visible_to(actor).filter(
        side=Side.IN, kind=Kind.ASK, state__in=OPEN, id_index__in=list(indexes)
    )
    return {(row.unit_path, row.id_index or "") for row in rows.only("unit_path", "id_index")}
