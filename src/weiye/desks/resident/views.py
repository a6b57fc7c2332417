"""The market near home (家门口岗位集市): anybody looks, nobody signs in (JOB-2)."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.regions.models import Unit
from weiye.base.scope.access import public
from weiye.registers.employers.models import LABELS, PublicVacancy, VacancyKind
from weiye.registers.employers.queries import open_on

from ..components.params import typed
from .queries import Match, Place, find_places, near, place_of, within_walk

PER_PAGE = 20

# What a resident can narrow by: value → (words, bits of the hours mask that a job may need).
TIMES = {
    "day": ("工作日白天", 1 | 2),
    "evening": ("工作日晚上", 4),
    "weekend": ("周末", 16 | 32 | 64),
}
PAYS = {"2000": "2,000元以上", "3000": "3,000元以上", "4000": "4,000元以上", "5000": "5,000元以上"}
WALKS = {"15": "步行15分钟内", "30": "步行30分钟内"}


@public("vacancies near home are for everybody; the table holds public data only")
@require_safe
def market(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    matches: list[Match] = []
    place = _place(asked)
    text = typed(asked, "where", 40)
    if place is None and text:
        matches = find_places(text)
        if len(matches) == 1:
            place, matches = place_of(matches[0].unit), []
    today = timezone.localdate()
    rows = near(place, today) if place else open_on(today).order_by("-posted_on", "id")
    rows = _narrow(rows, asked, by_walk=place is not None)
    page = Paginator(rows, PER_PAGE).get_page(asked.get("page"))
    kept = asked.copy()
    kept.pop("page", None)
    context = {
        "place": place,
        "text": text,
        "matches": matches,
        "not_found": bool(text) and place is None and not matches,
        "page": page,
        "asked": {key: asked.get(key, "") for key in ("time", "pay", "label", "kind", "walk")},
        "narrowed": any(asked.get(key) for key in ("time", "pay", "label", "kind", "walk")),
        "times": [(key, words) for key, (words, _) in TIMES.items()],
        "pays": PAYS.items(),
        "walks": WALKS.items(),
        "labels": LABELS,
        "kinds": VacancyKind.values,
        "query": kept.urlencode(),
        "today": today,
    }
    return render(request, "resident/market.html", context)


def _place(asked: QueryDict) -> Place | None:
    if code := typed(asked, "place", 24):
        unit = Unit.objects.filter(code=code).first()
        return place_of(unit) if unit else None
    try:
        lon, lat = float(asked.get("lon", "")), float(asked.get("lat", ""))
    except ValueError:
        return None
    # China's extent: anything else is no position to look for vacancies from.
    if 73 <= lon <= 136 and 3 <= lat <= 54:
        return Place(lon, lat, "我的位置")
    return None


def _narrow(
    rows: QuerySet[PublicVacancy], asked: QueryDict, *, by_walk: bool
) -> QuerySet[PublicVacancy]:
    if chosen := TIMES.get(asked.get("time", "")):
        # Every hour that the job needs must lie within the chosen time.
        rows = rows.annotate(beyond=F("hours").bitand(127 & ~chosen[1])).filter(beyond=0)
    if (wanted := asked.get("pay", "")) in PAYS:
        pay = int(wanted)
        rows = rows.filter(Q(wage_max__gte=pay) | Q(wage_max__isnull=True, wage_min__gte=pay))
    if (label := asked.get("label")) in LABELS:
        rows = rows.filter(labels__contains=[label])
    if (kind := asked.get("kind")) in VacancyKind.values:
        rows = rows.filter(kind=kind)
    if by_walk and (walk := asked.get("walk", "")) in WALKS:
        rows = within_walk(rows, int(walk))
    return rows


@public("names of communities are public")
@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """Suggestions while a name is typed: a fragment."""
    text = typed(request.GET, "where", 40)
    matches = find_places(text, 8) if text else []
    return render(request, "resident/places.html", {"matches": matches, "text": text})


@public("a published vacancy is for everybody")
@require_safe
def vacancy(request: HttpRequest, vacancy_id: int) -> HttpResponse:
    place = _place(request.GET)
    today = timezone.localdate()
    rows: QuerySet[Any] = near(place, today) if place else open_on(today)
    found = rows.filter(pk=vacancy_id).first() or open_on(today).filter(pk=vacancy_id).first()
    if found is None:
        if PublicVacancy.objects.filter(pk=vacancy_id).exists():
            return render(request, "resident/expired.html", status=410)
        raise Http404
    context = {
        "vacancy": found,
        "assumed": getattr(found, "assumed", False),
        "metres": getattr(found, "metres", None),
        "minutes": getattr(found, "minutes", None),
        "place": place,
        "query": request.GET.urlencode(),
    }
    return render(request, "resident/vacancy.html", context)
