from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.training.queries import catalogue

from ...components.lists import ListPage
from ..desk import actor_of, runs_of
from ..lists import training_spec


def training_list(actor: Actor, params: QueryDict) -> ListPage:
    rows = catalogue(actor.path, timezone.localdate())
    return ListPage(training_spec(), rows, params, actor)


@right("training.read")
@require_safe
def training(request: HttpRequest) -> HttpResponse:
    """The training catalogue that this unit can use (TRN-2)."""
    actor = actor_of(request)
    page = training_list(actor, request.GET)
    runs = runs_of(actor, "training.export")
    return render(request, "community/training.html", {"list": page, "runs": runs})
