"""From door to door (PPL-1): where to knock, the form, and what it left to decide."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.packs.surveys import Surveys
from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person
from weiye.registers.people.surveys import actions, queries
from weiye.registers.people.surveys.models import Decision, Outcome, SurveyAnswer, SurveyConflict
from weiye.services.assistance.jurisdiction import pack_of

from ...components.lists import Choice, Column, ListPage, ListSpec
from ...components.params import typed
from ..desk import actor_of
from ..survey_form import DoorForm

SHOWN = 100


def _surveys(actor: Actor) -> Surveys:
    surveys = pack_of(actor.path).surveys
    if surveys is None:
        raise Http404
    return surveys


def doors_spec(actor: Actor) -> ListSpec:
    units = [
        (unit.path, unit.name)
        for unit in Unit.objects.below(actor.path).exclude(path=actor.path).order_by("path")[:300]
    ]
    return ListSpec(
        name="surveys",
        measure="户",
        empty="没有符合条件的住户",
        columns=(
            Column("name", "住户", lambda p: p.name, html=_name, order=("name_key",)),
            Column("unit", "楼栋", lambda p: p.unit.name, order=("unit__path",), tight=True),
            Column("members", "人数", lambda p: p.members, right=True),
            Column("state", "入户情况", lambda p: queries.STATES[p.survey_state], html=_state),
            Column("surveyed", "上次入户", lambda p: p.surveyed_on or "", tight=True),
            Column("tried", "上次上门", _tried, shown=False),
        ),
        filters=(
            Choice(
                "state",
                "入户情况",
                list(queries.STATES.items()),
                lambda rows, value: rows.filter(survey_state=value),
            ),
            Choice(
                "below",
                "网格或楼栋",
                units,
                lambda rows, value: rows.filter(
                    unit_path__gte=value, unit_path__lt=value[:-1] + "0"
                ),
            ),
        ),
        order="unit",
    )


def _name(person: Person) -> SafeString:
    url = reverse("community:survey", args=[person.pk])
    others = f"等{person.members}人" if person.members > 1 else ""  # type: ignore[attr-defined]
    return format_html('<a href="{}">{}{}</a>', url, person.name, others)


_TONES = {"todo": "amber", "due": "amber", "again": "blue", "done": "green"}


def _state(person: Any) -> SafeString:
    state = person.survey_state
    return format_html(
        '<span class="wy-badge wy-badge-{}">{}</span>', _TONES[state], queries.STATES[state]
    )


def _tried(person: Any) -> str:
    if person.tried_on is None:
        return ""
    return f"{person.tried_on}（{Outcome(person.outcome).label}）"


@right("surveys.record")
@require_safe
def surveys(request: HttpRequest) -> HttpResponse:
    """Households to visit, by building, and how far everybody has come."""
    actor, day = actor_of(request), timezone.localdate()
    known = _surveys(actor)
    rows = queries.doors(actor, surveys=known, day=day)
    whole, *parts = queries.progress(actor, surveys=known, day=day)
    context = {
        "list": ListPage(doors_spec(actor), rows, request.GET, actor),
        "whole": whole,
        "parts": parts if len(parts) > 1 else [],
        "to_check": queries.open_conflicts(actor).count() + queries.to_settle(actor).count()
        if actor.can("people.edit")
        else 0,
        "surveys": known,
    }
    return render(request, "community/surveys.html", context)


@right("surveys.record")
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, person_id: int) -> HttpResponse:
    """One household: what is known of each, and what to ask."""
    actor, day = actor_of(request), timezone.localdate()
    known = _surveys(actor)
    try:
        people = actions.open_door(actor=actor, person_id=person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    if request.method == "POST" and queries.has_arrived(actor, typed(request.POST, "client", 36)):
        # Pressed twice; by now the household may be another.
        messages.info(request, "这份表已经提交过，没有重复登记。")
        return redirect("community:surveys")
    first = people[0]
    behind = [queries.questions(person, known, day) for person in people]
    form = DoorForm(behind, known, request.POST or None, today=day)
    if request.method == "POST" and form.is_valid():
        done = _submit(request, actor, form, first.unit, first.address or "", first.household_id)
        if done is not None:
            return done
    context = {"form": form, "first": first, "people": people, "key": first.pk}
    return render(request, "community/survey.html", context, status=422 if form.errors else 200)


@right("surveys.record")
@require_http_methods(["GET", "HEAD", "POST"])
def new_door(request: HttpRequest) -> HttpResponse:
    """A household that the ledger does not know."""
    actor, day = actor_of(request), timezone.localdate()
    form = DoorForm([], _surveys(actor), request.POST or None, today=day, within=actor.path)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        done = _submit(request, actor, form, data["unit"], data["address"], None)
        if done is not None:
            return done
    context: dict[str, Any] = {"form": form, "first": None, "people": [], "key": "new"}
    return render(request, "community/survey.html", context, status=422 if form.errors else 200)


def _submit(
    request: HttpRequest,
    actor: Actor,
    form: DoorForm,
    unit: Unit,
    address: str,
    household_id: int | None,
) -> HttpResponse | None:
    """Where to go on; None where the form has something to say."""
    try:
        visit = form.visit(unit=unit, address=address, household_id=household_id, at=timezone.now())
        done = actions.submit_survey(actor=actor, form=visit, pack=pack_of(actor.path))
    except ValidationError as error:
        form.take_places(error)
        return None
    if done.again:
        messages.info(request, "这份表已经提交过，没有重复登记。")
    elif done.visit.outcome != Outcome.SURVEYED:
        messages.success(request, f"已记下：{done.visit.get_outcome_display()}。")
    else:
        told = [f"更新{done.taken}项"]
        if done.added:
            told.append(f"新登记{done.added}人")
        if done.conflicts:
            told.append(f"{done.conflicts}项与台账里更新的记录不同，留待核对")
        if done.todo:
            told.append(f"{len(done.todo)}人有后续事项")
        messages.success(request, f"已提交，{'，'.join(told)}。")
    return redirect("community:surveys")


@right("people.edit")
@require_safe
def checks(request: HttpRequest) -> HttpResponse:
    """Answers that differ from newer words, and people who left or are registered elsewhere."""
    actor = actor_of(request)
    known = pack_of(actor.path).surveys
    conflicts = [
        {
            "row": row,
            "label": queries.label_of(row.fact),
            "held": queries.words_of(row.fact, row.held or "", known),
            "answered": queries.words_of(row.fact, row.answered or "", known),
        }
        for row in actions.open_checks(actor=actor, most=SHOWN)
    ]
    context = {"conflicts": conflicts, "answers": list(queries.to_settle(actor)[:SHOWN])}
    return render(request, "community/survey_checks.html", context)


@right("people.edit")
@require_POST
def decide(request: HttpRequest, conflict_id: int) -> HttpResponse:
    actor = actor_of(request)
    replace = request.POST.get("decision") == "replace"
    try:
        actions.decide(
            actor=actor,
            conflict_id=conflict_id,
            decision=Decision.REPLACE if replace else Decision.KEEP,
            today=timezone.localdate(),
        )
    except SurveyConflict.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    else:
        messages.success(request, "已采用入户回答。" if replace else "已保留台账里的内容。")
    return redirect("community:survey-checks")


@right("people.edit")
@require_POST
def settle(request: HttpRequest, answer_id: int) -> HttpResponse:
    try:
        actions.settle(actor=actor_of(request), answer_id=answer_id)
    except SurveyAnswer.DoesNotExist:
        raise Http404 from None
    messages.success(request, "已办结。")
    return redirect("community:survey-checks")
