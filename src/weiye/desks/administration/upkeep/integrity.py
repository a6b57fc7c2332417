"""Whether the data agree with themselves: what the checks found, and what to do about it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from weiye.base.integrity import actions, queries
from weiye.base.runs.models import FINISHED, Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


@right(actions.RIGHT)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    run = (
        Run.objects.visible_to(actor)
        .filter(kind="integrity", unit_path=actor.path)
        .order_by("-id")
        .first()
    )
    busy = run is not None and run.state not in FINISHED
    return render(
        request,
        "administration/upkeep/integrity.html",
        {
            "report": queries.report(actor=actor),
            "run": run,
            "busy": busy,
            "mends": actor.can("units.edit"),
        },
    )


@right(actions.RIGHT)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    actions.begin(actor=_actor(request))
    return redirect("administration:integrity")


@right("units.edit")
@require_POST
def mend(request: HttpRequest) -> HttpResponse:
    """Bring rows that lie elsewhere to their unit, and look again."""
    actor = _actor(request)
    number = actions.mend(actor=actor)
    messages.success(
        request,
        f"已把{number}条记录归到所属单位，正在重新检查。"
        if number
        else "没有要归整的记录，正在重新检查。",
    )
    actions.begin(actor=actor)
    return redirect("administration:integrity")
