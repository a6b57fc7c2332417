"""One-click matching (一键匹配): fresh, explained, nothing stored (MAT-2)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.scope.access import right
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people import actions as people
from weiye.registers.people.models import Person
from weiye.services.matching import queries as matching

from ..desk import actor_of

SHOWN = 20


@right("people.read")
@require_safe
def for_person(request: HttpRequest, person_id: int) -> HttpResponse:
    """The best vacancies for one person as of now, and why nothing if there are none."""
    actor = actor_of(request)
    try:
        person = people.open_person(actor=actor, person_id=person_id)
        found = matching.for_person(
            actor, person_id=person_id, as_of=timezone.localdate(), top=SHOWN
        )
    except Person.DoesNotExist:
        raise Http404 from None
    return render(request, "community/person_match.html", {"person": person, "found": found})


@right("people.list")
@require_safe
def for_vacancy(request: HttpRequest, vacancy_id: int) -> HttpResponse:
    """People of one's own area who fit a published vacancy, the best first."""
    actor = actor_of(request)
    try:
        vacancy = PublicVacancy.objects.get(pk=vacancy_id)
        found = matching.for_vacancy(
            actor, vacancy_id=vacancy_id, as_of=timezone.localdate(), top=SHOWN
        )
    except PublicVacancy.DoesNotExist:
        raise Http404 from None
    context = {
        "vacancy": vacancy,
        "found": found,
        "by_wish_alone": matching.by_wish_alone(actor, vacancy),
    }
    return render(request, "community/vacancy_match.html", context)
