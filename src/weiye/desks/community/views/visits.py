"""Return visits: whom to visit, one tap to record it, and the round on paper."""

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.audit.actions import record_many
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people.actions import open_person
from weiye.registers.people.models import Person
from weiye.services.assistance.jurisdiction import pack_of
from weiye.services.assistance.models import GroupMembership, Visit
from weiye.services.assistance.queries.today import place_name
from weiye.services.assistance.visits import actions, queries

from ...components.lists import ListPage
from ...components.params import typed
from ..desk import actor_of
from ..group_lists import due_words, visits_spec
from ..visit_form import VisitForm

# A round that one worker walks in a day is shorter by far.
ON_PAPER = 60


def visits_list(actor: Actor, params: QueryDict) -> ListPage:
    """Whom to visit, as asked for."""
    day = timezone.localdate()
    spec = visits_spec(actor, as_of=day, pack=pack_of(actor.path))
    return ListPage(spec, queries.round_(actor), params, actor)


@right("people.list")
@require_safe
def visits(request: HttpRequest) -> HttpResponse:
    """Due and overdue, to be narrowed by building, grid, worker and group."""
    actor = actor_of(request)
    page = visits_list(actor, request.GET)
    context = {
        "list": page,
        "counts": queries.counts(actor, as_of=timezone.localdate()),
        "can_print": actor.can("people.read"),
        "can_export": actor.can("people.export"),
    }
    return render(request, "community/visits.html", context)


@right("visits.record")
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest, person_id: int) -> HttpResponse:
    """What has changed since the last visit, and the form."""
    actor = actor_of(request)
    today = timezone.localdate()
    try:
        person = open_person(actor=actor, person_id=person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    form = VisitForm(request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            found = actions.record_visit(actor=actor, person_id=person_id, today=today, **data)
        except ValidationError as error:
            form.take(error)
        else:
            due = queries.due_of(actor, person_id)
            when = f"下次走访：{due.due_on:%Y年%m月%d日}前。" if due is not None else ""
            said = (
                "已记下这次走访。" if found.result != "absent" else "已记下，没见到人，仍待走访。"
            )
            messages.success(request, said + when)
            if typed(request.GET, "next") == "round":
                return redirect("community:visits")
            return redirect("community:person", person_id)
    context = {
        "person": person,
        "place": place_name(person.unit, actor.path),
        "form": form,
        "since": queries.since_last_visit(actor, person_id=person_id, as_of=today),
        "due": (due := queries.due_of(actor, person_id)),
        "due_words": due_words(due, today) if due is not None else None,
        "visits": list(queries.visits_of(actor, person_id)[:20]),
        "groups": list(
            GroupMembership.objects.visible_to(actor)
            .filter(person_id=person_id, left_on__isnull=True)
            .order_by("group")
        ),
        "day": today,
    }
    status = 422 if form.errors else 200
    return render(request, "community/visit.html", context, status=status)


@right("visits.record")
@require_POST
def withdraw(request: HttpRequest, visit_id: int) -> HttpResponse:
    """A visit recorded in error no longer counts; it stays visible with the reason."""
    actor = actor_of(request)
    try:
        found = actions.withdraw_visit(
            actor=actor,
            visit_id=visit_id,
            reason=typed(request.POST, "reason", 200),
            today=timezone.localdate(),
        )
    except Visit.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
        kept = Visit.objects.visible_to(actor).filter(pk=visit_id).first()
        back = "community:visit"
        return redirect(back, kept.person_id) if kept else redirect("community:visits")
    messages.success(request, "这次走访已作废，下次走访的日期已重新计算。")
    return redirect("community:visit", found.person_id)


@dataclass(frozen=True)
class Stop:
    """One door of the round."""

    person: Person
    place: str
    due: str
    groups: list[str]
    changed: list[str]


@right("people.read")
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The round on paper, door by door, as the list was narrowed; who is on it is logged."""
    actor = actor_of(request)
    day = timezone.localdate()
    rows = visits_list(actor, request.GET).filtered.order_by("unit__path", "pk")
    total = rows.count()
    people = list(rows.filter(visit_due__due_on__lte=_until(request, day))[:ON_PAPER])
    record_many(
        actor=actor,
        verb="person.print",
        entries=[(p.unit_path, "person", str(p.pk), {"list": "visits"}) for p in people],
    )
    groups: dict[int, list[str]] = {}
    for person_id, group in (
        GroupMembership.objects.visible_to(actor)
        .filter(person__in=[p.pk for p in people], left_on__isnull=True)
        .order_by("group")
        .values_list("person_id", "group")
    ):
        groups.setdefault(person_id, []).append(group)
    news = queries.news_of(actor, people, as_of=day)
    stops = [
        Stop(
            person,
            place_name(person.unit, actor.path),
            due_words(person.visit_due, day)[0],
            groups.get(person.pk, []),
            news.get(person.pk, []),
        )
        for person in people
    ]
    context = {
        "stops": stops,
        "total": total,
        "most": ON_PAPER,
        "day": day,
        "station": actor.unit_name,
        "worker": actor.name,
        "back": reverse("community:visits") + f"?{request.GET.urlencode()}",
    }
    return render(request, "community/visits_paper.html", context)


def _until(request: HttpRequest, day: date) -> date:
    """Without a narrowing by day: the overdue and those of the coming week."""
    return date.max if request.GET.get("when") else day + queries.WEEK
