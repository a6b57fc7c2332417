"""Cases: the list, one case, its moves; several decided at once (PPL-6)."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person
from weiye.services.certification import actions, documents, queries
from weiye.services.certification.judging import WORDS
from weiye.services.certification.models import Case, CaseState

from ...components.lists import ListPage
from ...components.params import typed, whole_number
from ..desk import actor_of
from .forms import ApplicationForm
from .lists import TONES, case_spec

PER_PAGE = 20
MOST_AT_ONCE = 100


def case_list(actor: Actor, params: QueryDict) -> ListPage:
    spec = case_spec(actor, as_of=timezone.localdate())
    return ListPage(spec, queries.cases(actor), params, actor)


@right("certification.read")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """What waits for this desk, then everything."""
    actor = actor_of(request)
    page = case_list(actor, request.GET)
    counted = queries.counts(actor)
    day = timezone.localdate()
    context = {
        "list": page,
        "first_use": not page.total and not page.active,
        "states": [(s.value, s.label, counted[s]) for s in CaseState if counted.get(s)],
        "mine": queries.mine_to_do(actor, day).count(),
        "over": queries.notice_over(queries.cases(actor), day).count(),
        "suggested": queries.suggestions(actor, as_of=day).count()
        if actor.can("certification.apply")
        else 0,
        "can_apply": actor.can("certification.apply"),
        "can_decide": actor.can("certification.decide"),
        "chosen": typed(request.GET, "state", 12),
        "task": typed(request.GET, "task", 12),
    }
    return render(request, "community/certification/cases.html", context)


@right("certification.apply")
@require_safe
def suggested(request: HttpRequest) -> HttpResponse:
    """建议认定: whom the rule finds. Nothing is filed but by somebody who asks the person."""
    actor, day = actor_of(request), timezone.localdate()
    page = Paginator(queries.suggestions(actor, as_of=day), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "rows": queries.with_missing(actor, list(page.object_list), day)}
    return render(request, "community/certification/suggested.html", context)


@right("certification.apply")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, person_id: int) -> HttpResponse:
    """What the rule says of one person, and an application on their behalf."""
    actor, day = actor_of(request), timezone.localdate()
    try:
        person = queries.person(actor, person_id)
        judged = queries.judged(actor, person_id, as_of=day)
    except Person.DoesNotExist:
        raise Http404 from None
    form = ApplicationForm(judged, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.open_case(actor=actor, person_id=person_id, on=day, **form.cleaned_data)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已填好申请。核对材料后，点“提交申请”。")
            return redirect("community:certification", made.pk)
    context = {
        "person": person,
        "form": form,
        "clauses": [*judged.clauses, *judged.parts.values()],
        "words": WORDS,
        "able": bool(judged.categories())
        and not any(clause["verdict"] == "unmet" for clause in judged.clauses),
        "held": queries.of_person(actor, person_id),
    }
    status = 422 if form.errors else 200
    return render(request, "community/certification/new.html", context, status=status)


@right("certification.read")
@require_safe
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    return case_page(request, case_id)


def case_page(
    request: HttpRequest, case_id: int, error: ValidationError | None = None
) -> HttpResponse:
    """One case; with a complaint where something could not be done."""
    actor, day = actor_of(request), timezone.localdate()
    try:
        page = queries.case_page(actor, case_id, as_of=day)
    except Case.DoesNotExist:
        raise Http404 from None
    actions.log_read(actor=actor, case=page.case)
    state = page.case.state
    context = {
        "page": page,
        "case": page.case,
        "person": page.person,
        "tone": TONES.get(CaseState(state), ""),
        "late": page.case.is_open and page.case.due_on is not None and page.case.due_on < day,
        "over": page.ends is not None and state == CaseState.NOTICE and day > page.ends.ends_on,
        "sheets": documents.kinds_of(page),
        "exits": page.terms.certification.exits.values(),
        "can_edit": actor.can("certification.apply") and state in EDITABLE,
        "error": "".join(error.messages) if error else "",
        "note": typed(request.POST, "note", 500) if error else "",
        "day": day,
    }
    status = 422 if error else 200
    return render(request, "community/certification/case.html", context, status=status)


EDITABLE = (CaseState.DRAFT, CaseState.CORRECTION, CaseState.APPLIED, CaseState.REVIEW)

# Step of the address → what it does (actor, case, day, note, form) and what is said then.
_Do = Callable[[Actor, int, date, str, QueryDict], Any]


def _plain(verb: str) -> _Do:
    return lambda actor, key, on, note, form: getattr(actions, verb)(
        actor=actor, case_id=key, on=on, note=note
    )


def _bare(verb: str) -> _Do:
    return lambda actor, key, on, note, form: getattr(actions, verb)(
        actor=actor, case_id=key, on=on
    )


def _objection(holds: bool) -> _Do:
    return lambda actor, key, on, note, form: actions.answer_objection(
        actor=actor, case_id=key, holds=holds, on=on, note=note
    )


def _appeal(agreed: bool) -> _Do:
    return lambda actor, key, on, note, form: actions.hear_appeal(
        actor=actor, case_id=key, agreed=agreed, on=on, note=note
    )


def _leave(actor: Actor, key: int, on: date, note: str, form: QueryDict) -> Any:
    return actions.leave(
        actor=actor, case_id=key, reason=typed(form, "reason", 20), on=on, note=note
    )


STEPS: dict[str, tuple[str, _Do, str]] = {
    "submit": ("certification.apply", _bare("submit"), "已提交。"),
    "resubmit": ("certification.apply", _bare("resubmit"), "已再次提交。"),
    "accept": ("certification.apply", _plain("accept"), "已受理，交街道审核。"),
    "correct": ("certification.read", _plain("require"), "已退回补正，请告诉本人。"),
    "withdraw": ("certification.apply", _plain("withdraw"), "申请已撤回。"),
    "appeal": ("certification.apply", _plain("appeal"), "已申请复核。"),
    "pass": ("certification.review", _plain("review"), "已审核，交县级认定。"),
    "confirm": ("certification.review", _plain("confirm"), "年检合格。"),
    "publish": ("certification.decide", _plain("publish"), "已同意，开始公示。"),
    "refuse": ("certification.decide", _plain("refuse"), "已作出不予认定，请送达通知书。"),
    "certify": ("certification.decide", _plain("certify"), "已认定，编号已生成。"),
    "dismiss": ("certification.decide", _objection(False), "异议已答复，公示继续。"),
    "uphold": ("certification.decide", _objection(True), "异议成立，不予认定。"),
    "overturn": ("certification.decide", _appeal(True), "复核同意，开始公示。"),
    "maintain": ("certification.decide", _appeal(False), "复核维持，不予认定。"),
    "exit": ("certification.review", _leave, "已退出，台账已更新。"),
    "revoke": ("certification.decide", _leave, "已取消认定，台账已更新。"),
}


@right("certification.read")
@require_POST
def step(request: HttpRequest, case_id: int, step: str) -> HttpResponse:
    """One move of a case; who may, and whether, is asked by the action."""
    actor = actor_of(request)
    if step not in STEPS:
        raise Http404
    needed, do, said = STEPS[step]
    actor.require(needed)
    try:
        do(actor, case_id, timezone.localdate(), typed(request.POST, "note", 500), request.POST)
    except Case.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return case_page(request, case_id, error)
    messages.success(request, said)
    return redirect("community:certification", case_id)


@right("certification.decide")
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Publish or certify the picked ones, one by one."""
    actor = actor_of(request)
    verb = request.POST.get("verb", "")
    keys = [n for n in map(whole_number, request.POST.getlist("pick")) if n is not None]
    if verb not in ("publish", "certify") or not keys:
        messages.error(request, "请先勾选要办理的申请。")
        return redirect("community:certifications")
    if len(keys) > MOST_AT_ONCE:
        messages.error(request, f"一次最多办理{MOST_AT_ONCE}份，请分批勾选。")
        return redirect("community:certifications")
    found = actions.decide_many(actor=actor, case_ids=keys, verb=verb, on=timezone.localdate())
    done = [one for one in found if not one.trouble]
    if done:
        what = "开始公示" if verb == "publish" else "认定"
        messages.success(request, f"已{what}{len(done)}份。")
    for one in found:
        if one.trouble:
            messages.error(request, f"{one.name}：{one.trouble}")
    return redirect("community:certifications")
