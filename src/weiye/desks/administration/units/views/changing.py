"""A change to a unit: its form, what it would do, done."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.regions import actions
from weiye.base.regions.actions import Outcome
from weiye.base.regions.models import Unit
from weiye.base.runs import queries as runs
from weiye.base.runs.models import Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from .. import forms, jobs
from ..changes import CHANGES, Change
from ..words import rows_words
from . import actor_of
from .browsing import find


@right("units.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """GET: the form. POST: what it would do; with ``sure``: done, or begun if it takes long."""
    actor = actor_of(request)
    unit = find(code)
    kind = CHANGES.get(verb)
    if kind is None or not actor.covers(unit.path) or unit.is_open is (verb == "reopen"):
        raise Http404
    sent = request.POST if request.method == "POST" and request.POST.get("again") != "1" else None
    form = kind.form(actor, unit, sent, **_again(request, kind, actor, unit))
    outcome: Outcome | None = None
    if sent is not None and form.is_valid():
        outcome = _try(kind, form, actor, unit)
        long = outcome is not None and outcome.size > actions.LONG
        if outcome is not None and long and sent.get("sure") == "1":
            run = jobs.begin_change(
                actor=actor, unit=unit, verb=verb, sent=_sent(request), size=outcome.size
            )
            return redirect("administration:unit-run", run.pk)
        if outcome is not None and sent.get("sure") == "1":
            # The trial left its marks on what it touched.
            unit = find(code)
            form = kind.form(actor, unit, sent)
            form.is_valid()
            outcome = _try(kind, form, actor, unit, sure=True)
        if outcome is not None and sent.get("sure") == "1":
            messages.success(request, kind.done)
            # The code may be another by now.
            place = Unit.objects.get(pk=outcome.units[0].pk)
            return redirect("administration:unit", place.code)
    context = {
        "unit": unit,
        "verb": verb,
        "change": kind,
        "form": form,
        "outcome": outcome,
        "rows": rows_words(outcome.rows) if outcome else [],
        # Memberships in a unit that is closed go on seeing its remnant alone.
        "long": outcome is not None and outcome.size > actions.LONG,
        "stranded": outcome.rows.get("accounts.Membership", 0)
        if outcome and any(not each.is_open for each in outcome.units)
        else 0,
        "sent": _sent(request) if outcome else [],
    }
    status = 422 if form.errors else 200
    return render(request, "administration/units/change.html", context, status=status)


def _again(request: HttpRequest, kind: Change, actor: Actor, unit: Unit) -> dict[str, Any]:
    """Back from the preview: the form with what was typed, without complaints."""
    if request.method != "POST" or request.POST.get("again") != "1":
        return {}
    typed = kind.form(actor, unit, request.POST)
    return {
        "initial": {
            name: field.widget.value_from_datadict(request.POST, request.FILES, name)
            for name, field in typed.fields.items()
        }
    }


def _try(
    kind: Change, form: forms.ChangeForm, actor: Actor, unit: Unit, *, sure: bool = False
) -> Outcome | None:
    try:
        if sure:
            return kind.make(form, actor, unit)
        return actions.preview(lambda: kind.make(form, actor, unit))
    except ValidationError as error:
        form.take(error)
        return None


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed, to be sent again by the button that means it."""
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "sure", "again")
        for value in values
    ]


@right("units.edit")
@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far a long change is, and what came of it."""
    try:
        found = runs.run(actor=actor_of(request), run_id=run_id)
    except Run.DoesNotExist:
        raise Http404 from None
    if found.kind not in jobs.KINDS:
        raise Http404
    unit = Unit.objects.filter(pk=found.args.get("unit") or 0).first()
    return render(request, "administration/units/run.html", {"run": found, "unit": unit})
