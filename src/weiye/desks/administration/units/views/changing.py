"""A change to a unit: its form, what it would do, done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from weiye.base.regions import actions
from weiye.base.regions.actions import Outcome
from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from .. import forms
from ..words import rows_words
from . import actor_of
from .browsing import find


@dataclass(frozen=True)
class Change:
    """A verb: its words, its form, and the action that it calls."""

    title: str
    lead: str
    button: str
    form: type[forms.ChangeForm]
    call: Callable[..., Outcome]
    # How the action names the unit itself; "" if the form's keywords hold it.
    unit_as: str = "unit"
    done: str = "已变更。"


CHANGES = {
    "amend": Change(
        "改名、改代码",
        "单位还是同一个单位，人员和账号都不动；以前的名称和代码留在历史里。",
        "看看会怎样",
        forms.AmendForm,
        actions.amend,
        done="已改好。",
    ),
    "move": Change(
        "迁到别处",
        "把这个单位连同它的下级和所有人员、档案、账号，一起迁到另一个上级下面。",
        "看看会怎样",
        forms.MoveForm,
        actions.move,
        done="已迁好。",
    ),
    "merge": Change(
        "合并",
        "原单位撤销，下级单位归新单位；直接登记在原单位的人留在原单位名下，由新单位看到和接管。",
        "看看会怎样",
        forms.MergeForm,
        actions.merge,
        unit_as="",
        done="已合并。",
    ),
    "split": Change(
        "拆分",
        "分出一个或几个新单位。下级单位带着人员一起走；直接登记在原单位的人分不清归谁，先留着。",
        "看看会怎样",
        forms.SplitForm,
        actions.split,
        done="已拆分。",
    ),
    "close": Change(
        "撤销",
        "没有下级单位时才能撤销。登记在这里的人归上级看到和接管；以后可以恢复。",
        "看看会怎样",
        forms.CloseForm,
        actions.close,
        done="已撤销。",
    ),
    "reopen": Change(
        "恢复",
        "恢复后，原来登记在这个单位的人员、档案和账号一起回来。",
        "看看会怎样",
        forms.ReopenForm,
        actions.reopen,
        done="已恢复。",
    ),
    "add": Change(
        "新增下级单位",
        "新增行政区划、功能区、网格或楼栋。",
        "看看会怎样",
        forms.AddForm,
        actions.add,
        unit_as="parent",
        done="已新增。",
    ),
}


@right("units.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """GET: the form. POST: what it would do; with ``sure``: done."""
    actor = actor_of(request)
    unit = find(code)
    kind = CHANGES.get(verb)
    if kind is None or not actor.covers(unit.path) or unit.is_open is (verb == "reopen"):
        raise Http404
    sent = request.POST if request.method == "POST" and request.POST.get("again") != "1" else None
    form = kind.form(actor, unit, sent, **_again(request, kind, actor, unit))
    outcome: Outcome | None = None
    if sent is not None and form.is_valid():
        outcome = _try(request, kind, form, actor, unit)
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
    request: HttpRequest, kind: Change, form: forms.ChangeForm, actor: Actor, unit: Unit
) -> Outcome | None:
    words = {"actor": actor, **form.keywords()}
    if kind.unit_as:
        words[kind.unit_as] = unit
    try:
        if request.POST.get("sure") == "1":
            return kind.call(**words)
        return actions.preview(lambda: kind.call(**words))
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
