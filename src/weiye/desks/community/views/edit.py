"""What a worker learns about a person, set down at once (PPL-2)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people import actions
from weiye.registers.people import queries as people
from weiye.registers.people.models import PeriodKind, Person
from weiye.services.assistance import queries as assistance

from ..desk import actor_of
from ..person_form import PersonForm

SOURCE = "工作人员登记"


@right("people.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, person_id: int) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    try:
        if request.method == "POST":
            # Held until it is saved: two who save at once do so one after the other.
            people.hold(actor, person_id)
        actions.open_person(actor=actor, person_id=person_id)
        found = assistance.person_page(actor, person_id=person_id, as_of=today)
    except Person.DoesNotExist:
        raise Http404 from None
    form = PersonForm(found, request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            _save(actor, person_id, form)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已保存。更新四张清单后，会按新情况重新判断。")
            return redirect("community:person", person_id)
    context = {"form": form, "person": found.person, "needs": found.lists.needs}
    status = 422 if form.errors else 200
    return render(request, "community/person_edit.html", context, status=status)


@contextmanager
def _named(field: str) -> Iterator[None]:
    """An action speaks of the day ``on``; the form has two such days."""
    try:
        yield
    except ValidationError as error:
        if not hasattr(error, "error_dict") or "on" not in error.error_dict:
            raise
        raise ValidationError({field: error.message_dict["on"]}) from error


@transaction.atomic
def _save(actor: Actor, person_id: int, form: PersonForm) -> None:
    """All of it, or none."""
    data, today = form.cleaned_data, form.today
    facts, none = form.facts()
    if facts:
        actions.edit_person(
            actor=actor, person_id=person_id, facts=facts, known_none=none, on=today, source=SOURCE
        )
    if wish := form.wish():
        actions.record_wish(actor=actor, person_id=person_id, wish=wish, on=today, source=SOURCE)
    if "status" in form.changed_data and data["status"]:
        with _named("status_on"):
            actions.change_status(
                actor=actor,
                person_id=person_id,
                status=data["status"],
                on=data["status_on"],
                today=today,
                source=SOURCE,
            )
    if "registered" in form.changed_data and data["registered"]:
        with _named("registered_on"):
            actions.change_registration(
                actor=actor,
                person_id=person_id,
                kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
                registered=data["registered"] == "yes",
                on=data["registered_on"],
                today=today,
                source=SOURCE,
            )
