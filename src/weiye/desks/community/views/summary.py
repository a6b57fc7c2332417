"""Figures per unit below, down to the list behind them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.regions.models import Level, Unit
from weiye.base.scope.access import right
from weiye.services.assistance import queries as assistance
from weiye.services.assistance.queries import UnitSummary

from ...components.params import typed
from ..desk import actor_of


@right("summary.read")
@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    code = typed(request.GET, "unit", 24)
    units = Unit.objects.visible_to(actor)
    unit = (units.filter(code=code) if code else units.filter(path=actor.path)).first()
    if unit is None:
        raise Http404
    lines = assistance.summary_by_unit(actor, as_of=timezone.localdate(), path=unit.path)
    steps = unit.path.strip("/").split("/")
    above = ["/".join(steps[: n + 1]) + "/" for n in range(len(steps) - 1)]
    context = {
        "unit": unit,
        "trail": units.filter(path__in=above).order_by("path"),
        "lines": lines,
        "whole": _sum(lines),
        "list_allowed": actor.can("people.list"),
        "deeper": unit.level in (Level.PROVINCE, Level.CITY, Level.COUNTY, Level.STREET),
    }
    return render(request, "community/summary.html", context)


def _sum(lines: list[UnitSummary]) -> UnitSummary:
    return UnitSummary(
        unit=None,
        people=sum(line.people for line in lines),
        in_groups=sum(line.in_groups for line in lines),
        files=sum(line.files for line in lines),
        owing=sum(line.owing for line in lines),
        behind=sum(line.behind for line in lines),
        complete=sum(line.complete for line in lines),
    )
