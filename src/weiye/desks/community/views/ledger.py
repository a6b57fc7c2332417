"""The ledger of people."""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.services.assistance import queries as assistance
from weiye.services.assistance.jurisdiction import pack_of

from ...components.lists import ListPage, exports
from ...components.params import typed
from ..desk import actor_of, runs_of
from ..lists import LEDGER_SEARCH, ledger_spec, status_day


def ledger_page(actor: Actor, params: QueryDict) -> tuple[ListPage, Unit | None]:
    """The ledger as asked for; with ``unit`` narrowed to one unit of the actor's area.

    Raises ``Http404`` for a unit outside it.
    """
    day = timezone.localdate()
    pack = pack_of(actor.path)
    told = status_day(day).day(params)
    rows = assistance.residents(actor, as_of=day, pack=pack, status_on=told)
    unit = None
    if code := typed(params, "unit", 24):
        unit = Unit.objects.visible_to(actor).filter(code=code).first()
        if unit is None:
            raise Http404
        rows = rows.filter(unit_path__gte=unit.path, unit_path__lt=unit.path[:-1] + "0")
    spec = ledger_spec(actor, as_of=day, pack=pack, status_on=told)
    return ListPage(spec, rows, params, actor), unit


@right("people.list")
@require_http_methods(["GET", "HEAD", "POST"])
def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger (GET), or the way to it from its search form (POST): no number in an address."""
    actor = actor_of(request)
    if request.method == "POST":
        return to_ledger(request.POST)
    if LEDGER_SEARCH.conceals(request.GET):
        return to_ledger(request.GET)
    page, unit = ledger_page(actor, request.GET)
    # A grown ledger is empty only by its filters; an empty one asks for the first roster.
    first_use = not page.found.number and not page.active and not page.complaints and unit is None
    assigns = actor.can("files.manage") and not first_use
    context = {
        "list": page,
        "unit": unit,
        "first_use": first_use,
        "can_import": actor.can("people.import"),
        "can_export": actor.can("people.export"),
        "workers": assistance.workers(actor, path=actor.path) if assigns else [],
        "runs": runs_of(actor, "people.export"),
    }
    return render(request, "community/ledger.html", context)


@right("people.export")
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The list as it is seen, on A4 paper across; like an export it is logged for each person."""
    actor = actor_of(request)
    if LEDGER_SEARCH.conceals(request.GET):
        return to_ledger(request.GET)
    page, unit = ledger_page(actor, request.GET)
    export = exports.exported("ledger")
    assert export is not None
    rows = exports.printed(
        actor=actor, export=export, page=page, verb="people.print", each="person.print"
    )
    context = {
        "list": page,
        "rows": [[column.text(row) for column in page.columns] for row in rows],
        "unit_name": unit.name if unit else actor.unit_name,
        "day": timezone.localdate(),
        "most": exports.MOST_PRINTED,
        # Where some were left out the sheet says of how many.
        "total": len(rows) if len(rows) < exports.MOST_PRINTED else page.total,
        "back": reverse("community:ledger") + f"?{page.query}",
    }
    return render(request, "community/ledger_print.html", context)


def ledger_list(actor: Actor, params: QueryDict) -> ListPage:
    """The list alone, for an export."""
    return ledger_page(actor, params)[0]


def to_ledger(params: QueryDict) -> HttpResponse:
    query = LEDGER_SEARCH.settled(params).urlencode()
    return redirect(reverse("community:ledger") + (f"?{query}" if query else ""))
