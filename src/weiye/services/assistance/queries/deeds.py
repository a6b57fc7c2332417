"""What was done for a person: contacts, visits, doorstep surveys, the latest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from weiye.base.scope.actor import Actor
from weiye.registers.people.surveys.models import SurveyAnswer

from ..models import Contact
from ..visits.queries import visits_of


@dataclass(frozen=True)
class Deed:
    title: str
    way: str
    on: date
    who: str
    text: str = ""
    withdrawn: str = ""
    """Why it does not count, if it was withdrawn."""
    contact_id: int | None = None
    told: int = 0
    """How many entries of the lists were told of."""


def deeds_of(actor: Actor, person_id: int, contacts: Sequence[Contact]) -> list[Deed]:
    """Everything that was done; ``contacts`` are those of `person_page`. Two queries.

    Raises `NotAllowed` without ``people.read``.
    """
    actor.require("people.read")
    found = [
        Deed(
            str(contact.get_kind_display()),
            str(contact.get_way_display()),
            contact.on,
            contact.worker_name,
            contact.note,
            contact.withdrawn_because,
            contact.pk,
            len(contact.entries),
        )
        for contact in contacts
    ]
    for visit in visits_of(actor, person_id):
        found.append(
            Deed(
                f"回访：{visit.get_result_display()}",
                str(visit.get_way_display()),
                visit.on,
                visit.worker_name,
                visit.note,
                visit.withdrawn_because,
            )
        )
    answers = SurveyAnswer.objects.visible_to(actor).filter(person_id=person_id)
    for answer in answers.select_related("visit").order_by("-visit__on", "-id"):
        taken = f"核实了{len(answer.taken)}项" if answer.taken else ""
        kept = f"{len(answer.kept)}项待核对" if answer.kept else ""
        found.append(
            Deed(
                f"入户调查：{answer.get_part_display()}",
                str(answer.visit.get_outcome_display()),
                answer.visit.on,
                answer.visit.by_name,
                "，".join(words for words in (taken, kept) if words),
            )
        )
    # Stable: of one day, contacts before visits before surveys.
    return sorted(found, key=lambda deed: deed.on, reverse=True)
