"""What a person learnt, where they worked, what papers they hold: set down as records."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from weiye.base.scope.access import right
from weiye.registers.people import actions
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person

from ..desk import actor_of
from ..person.facts import TITLES
from ..records_form import RecordsForm
from .edit import SOURCE


@right("people.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def records(request: HttpRequest, person_id: int, fact: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    if fact not in TITLES:
        raise Http404
    try:
        if request.method == "POST":
            people.hold(actor, person_id)
        actions.open_person(actor=actor, person_id=person_id)
        person = people.person(actor, person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    form = RecordsForm(person, fact, request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        found = form.records()
        none = [fact] if form.cleaned_data["none"] else []
        try:
            actions.edit_person(
                actor=actor,
                person_id=person_id,
                facts={fact: found or None},
                known_none=none,
                on=today,
                source=SOURCE,
            )
        except ValidationError as error:
            form.add_error(None, [words for each in error.message_dict.values() for words in each])
        else:
            messages.success(request, f"已保存{TITLES[fact]}。")
            return redirect("community:person", person_id)
    context = {"form": form, "person": person, "title": TITLES[fact]}
    status = 422 if form.errors else 200
    return render(request, "community/records.html", context, status=status)
