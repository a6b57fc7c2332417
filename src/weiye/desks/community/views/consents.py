"""What a person has agreed to: recorded by the worker who was there, withdrawn as easily."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weiye.base.privacy import actions
from weiye.base.privacy import queries as privacy
from weiye.base.privacy.models import Consent, Way
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries
from weiye.registers.people.models import Person

from ...components.params import typed
from ..desk import actor_of

# A resident's own way is the resident's alone.
WAYS = tuple((way.value, way.label) for way in Way if way != Way.SELF)


def section(actor: Actor, person: Person) -> dict[str, Any]:
    """What the person's page shows: consents that stand, what may be asked, what was before."""
    rows = list(privacy.consents_of(actor, "person", person.pk))
    standing = [row for row in rows if row.withdrawn_at is None]
    given = {row.purpose for row in standing}
    may = actor.can(actions.RIGHT)
    purposes = privacy.purposes(person.unit_path).values() if may else ()
    return {
        "standing": standing,
        "ended": [row for row in rows if row.withdrawn_at is not None],
        "open": [p for p in purposes if p.needs_consent and p.id not in given],
        "ways": WAYS,
        "may": may,
    }


@right(actions.RIGHT)
@require_POST
def give(request: HttpRequest, person_id: int) -> HttpResponse:
    actor = actor_of(request)
    try:
        person = queries.person(actor, person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    try:
        row = actions.give(
            actor=actor,
            subject=("person", person.pk),
            path=person.unit_path,
            purpose=typed(request.POST, "purpose", 40),
            way=typed(request.POST, "way", 10),
            paper=typed(request.POST, "paper", 100),
        )
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    else:
        messages.success(request, f"已登记：同意“{row.title}”。")
    return redirect("community:person", person_id=person.pk)


@right(actions.RIGHT)
@require_POST
def withdraw(request: HttpRequest, consent_id: int) -> HttpResponse:
    actor = actor_of(request)
    try:
        row = actions.withdraw(
            actor=actor, consent_id=consent_id, because=typed(request.POST, "because", 200)
        )
    except Consent.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"已登记撤回：“{row.title}”。")
    kind, key = row.subject
    if kind != "person":
        return redirect("community:today")
    return redirect("community:person", person_id=key)
