from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.scope.access import right
from weiye.registers.training.queries import catalogue

from ...components.lists import ListPage
from ..desk import actor_of
from ..lists import training_spec


@right("training.read")
@require_safe
def training(request: HttpRequest) -> HttpResponse:
    """The training catalogue that this unit can use (TRN-2)."""
    rows = catalogue(actor_of(request).path, timezone.localdate())
    page = ListPage(training_spec(), rows, request.GET)
    return render(request, "community/training.html", {"list": page})
