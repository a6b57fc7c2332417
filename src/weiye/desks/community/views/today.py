"""Whom do I serve today, and why?"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from weiye.base.runs.models import RunState
from weiye.base.scope.access import right, signed_in
from weiye.services.assistance import queries as assistance

from ...components.desks import home_of
from ..desk import access_notes, actor_of, runs_of, unfinished


@signed_in
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if not actor.can("people.list"):
        return redirect("community:summary" if actor.can("summary.read") else home_of(actor))
    day = timezone.localdate()
    mine = request.GET.get("mine") == "1"
    found = assistance.today(actor, as_of=day, mine=mine)
    recent = runs_of(actor)
    context = {
        "found": found,
        "mine": mine,
        "day": day,
        "runs": [run for run in recent if run.state != RunState.DONE],
        "done_runs": [run for run in recent if run.state == RunState.DONE],
        "unfinished": unfinished(actor),
        "own": "&file=mine" if mine else "",
        "can_record": actor.can("contacts.record"),
        "may_import": actor.can("people.import"),
        "may_refresh": actor.can("pipeline.run"),
        **access_notes(actor),
    }
    return render(request, "community/today.html", context)


@right("pipeline.run")
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Bring groups, files and the four lists of the unit up to date, in the background."""
    from weiye.services.assistance.jobs import start_pipeline

    actor = actor_of(request)
    start_pipeline(actor=actor, path=actor.path, as_of=timezone.localdate())
    messages.info(request, "正在更新四张清单，进度见本页。")
    return redirect("community:today")
