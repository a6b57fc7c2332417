"""社区矫正对象 and 安置帮教对象, for those alone who look after them (PPL-7).

Nothing here keeps drafts, and no page may be kept by the browser.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person
from weiye.registers.people.sensitive import actions, queries
from weiye.registers.people.sensitive.models import SensitiveKind, SensitiveRecord

from ...components.params import typed
from ..desk import actor_of
from ..sensitive_forms import RecordForm


def section(actor: Actor, person_id: int) -> dict[str, Any] | None:
    """What `community/sensitive_section.html` shows on a person's page: None, and so nothing at
    all, for whoever lacks the right; logged otherwise."""
    if not actor.can("sensitive.read"):
        return None
    return {
        "records": actions.open_person(actor=actor, person_id=person_id),
        "person_id": person_id,
        "may_edit": actor.can("sensitive.edit"),
        "day": timezone.localdate(),
    }


def _show(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    response = render(request, name, context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@right("sensitive.read")
@require_http_methods(["GET", "HEAD", "POST"])
def records(request: HttpRequest) -> HttpResponse:
    """The list (GET); people to add a record to (POST: what is searched for is in no address)."""
    actor, day = actor_of(request), timezone.localdate()
    kind, past = typed(request.GET, "kind", 4), request.GET.get("past") == "1"
    sought = typed(request.POST, "q", 60) if request.method == "POST" else ""
    context = {
        "rows": actions.open_list(actor=actor, day=day, kind=kind, past=past),
        "kinds": SensitiveKind.choices,
        "kind": kind,
        "past": past,
        "may_edit": actor.can("sensitive.edit"),
        "sought": sought,
        "found": queries.find(actor=actor, text=sought)
        if sought and actor.can("sensitive.edit")
        else [],
        "day": day,
    }
    return _show(request, "community/sensitive.html", context)


@right("sensitive.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, person_id: int) -> HttpResponse:
    actor, day = actor_of(request), timezone.localdate()
    try:
        person = people.people(actor).select_related("unit").get(pk=person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    form = RecordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add(actor=actor, person_id=person_id, said=form.said(), today=day)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已登记。")
            return redirect("community:sensitive")
    status = 422 if form.errors else 200
    context = {"form": form, "person": person, "row": None}
    return _show(request, "community/sensitive_form.html", context, status)


@right("sensitive.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, record_id: int) -> HttpResponse:
    actor, day = actor_of(request), timezone.localdate()
    row = _record(actor, record_id)
    actions.open_person(actor=actor, person_id=row.person_id)
    form = RecordForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit(actor=actor, record_id=record_id, said=form.said(), today=day)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已修改。")
            return redirect("community:sensitive")
    status = 422 if form.errors else 200
    context = {"form": form, "person": row.person, "row": row}
    return _show(request, "community/sensitive_form.html", context, status)


def _record(actor: Actor, record_id: int) -> SensitiveRecord:
    found = queries.records(actor).filter(pk=record_id).first()
    if found is None:
        raise Http404
    return found


@right("sensitive.edit")
@require_POST
def remove(request: HttpRequest, record_id: int) -> HttpResponse:
    try:
        actions.remove(
            actor=actor_of(request), record_id=record_id, why=typed(request.POST, "why", 200)
        )
    except SensitiveRecord.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
        return redirect("community:sensitive-edit", record_id)
    messages.success(request, "已删除。")
    return redirect("community:sensitive")


@right("sensitive.read")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, record_id: int) -> HttpResponse:
    """Document number and note in clear, with a reason (POST); before that the question (GET)."""
    actor = actor_of(request)
    row = _record(actor, record_id)
    told, error = {}, ""
    if request.method == "POST":
        reason = typed(request.POST, "reason", 200)
        try:
            told = {
                label: actions.reveal(actor=actor, record_id=record_id, field=field, reason=reason)
                for field, label in actions.REVEALABLE.items()
            }
        except ValidationError as problem:
            error = "".join(problem.messages)
    context = {"row": row, "told": told, "error": error}
    return _show(request, "community/sensitive_reveal.html", context, 422 if error else 200)
