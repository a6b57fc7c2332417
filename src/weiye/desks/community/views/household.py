"""One household: who lives together, who works, what that makes of them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.scope.access import right
from weiye.registers.people.models import Household
from weiye.services.assistance import queries as assistance

from ..desk import actor_of
from ..person.sections import chain


@right("people.read")
@require_safe
def household(request: HttpRequest, household_id: int) -> HttpResponse:
    actor = actor_of(request)
    try:
        found = assistance.household_page(
            actor, household_id=household_id, as_of=timezone.localdate()
        )
    except Household.DoesNotExist:
        raise Http404 from None
    path = found.members[0].unit_path if found.members else found.household.unit_path
    context = {
        "found": found,
        "home": " ".join(unit.name for unit in chain(path)),
        "can_edit": actor.can("people.edit"),
    }
    return render(request, "community/household.html", context)
