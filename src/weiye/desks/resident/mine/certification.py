"""我的认定: where my application is, what is still missing, and how to apply (PPL-6)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people import residents
from weiye.registers.people.models import Person
from weiye.services.certification import actions, documents, queries
from weiye.services.certification.models import Case, CaseState, Evidence

from ...community.certification.forms import ApplicationForm
from ...community.certification.papers import answer
from ...components.params import typed

HOME = "resident:mine-certification"


def _actor(request: HttpRequest) -> Actor:
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found


@right("mine.read")
@require_http_methods(["GET", "HEAD", "POST"])
def certification(request: HttpRequest) -> HttpResponse:
    """My case (the one that runs, or the last), or the form of a new one."""
    actor, day = _actor(request), timezone.localdate()
    try:
        person = residents.open_mine(actor=actor)
        held = queries.of_person(actor, person.pk)
        judged = queries.judged(actor, person.pk, as_of=day)
    except Person.DoesNotExist:
        raise Http404 from None
    form = ApplicationForm(judged, request.POST or None, own=True)
    if request.method == "POST" and form.is_valid():
        try:
            actions.open_case(actor=actor, person_id=person.pk, on=day, **form.cleaned_data)
        except ValidationError as error:
            form.take(error)
        else:
            return redirect(HOME)
    return _page(request, form=form, judged=judged, held=held)


def _page(
    request: HttpRequest,
    *,
    form: ApplicationForm | None = None,
    judged: queries.Judged | None = None,
    held: queries.OfPerson | None = None,
    error: ValidationError | None = None,
) -> HttpResponse:
    actor, day = _actor(request), timezone.localdate()
    key = residents.own_id(actor)
    try:
        judged = judged or queries.judged(actor, key, as_of=day)
    except Person.DoesNotExist:
        raise Http404 from None
    held = held or queries.of_person(actor, key)
    page = queries.case_page(actor, held.case.pk, as_of=day) if held.case else None
    bad = bool(error or (form is not None and form.errors))
    context = {
        "section": "certification",
        "page": page,
        "case": held.case,
        "open": held.case is not None and held.case.is_open,
        "words": queries.next_words(held.case) if held.case else "",
        "certificate": held.certificate,
        "sheets": documents.kinds_of(page) if page else [],
        "can_edit": held.case is not None
        and held.case.state in (CaseState.DRAFT, CaseState.CORRECTION),
        "form": form or ApplicationForm(judged, own=True),
        "clauses": [*judged.clauses, *judged.parts.values()],
        "able": bool(judged.categories())
        and not any(clause["verdict"] == "unmet" for clause in judged.clauses),
        "error": "".join(error.messages) if error else "",
    }
    return render(request, "resident/mine_certification.html", context, status=422 if bad else 200)


STEPS = {
    "submit": "交上去了。社区会看材料齐不齐。",
    "resubmit": "又交上去了。",
    "withdraw": "申请撤回了。想办的时候可以再申请。",
    "appeal": "已经申请复核，会由另外的人重新看。",
    "renounce": "认定结束了。以后需要可以再申请。",
}


@right("mine.read")
@require_POST
def step(request: HttpRequest, case_id: int, step: str) -> HttpResponse:
    """One of the moves that are the person's own."""
    actor, day = _actor(request), timezone.localdate()
    if step not in STEPS:
        raise Http404
    note = typed(request.POST, "note", 500)
    try:
        if step == "renounce":
            actions.leave(actor=actor, case_id=case_id, reason="", on=day, note=note)
        elif step in ("submit", "resubmit"):
            getattr(actions, step)(actor=actor, case_id=case_id, on=day)
        else:
            getattr(actions, step)(actor=actor, case_id=case_id, on=day, note=note)
    except Case.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return _page(request, error=error)
    messages.success(request, STEPS[step])
    return redirect(HOME)


@right("mine.read")
@require_POST
def attach(request: HttpRequest, case_id: int) -> HttpResponse:
    file = request.FILES.get("file")
    try:
        if getattr(request, "upload_too_large", False):
            raise ValidationError("照片太大了，请拍得小一点再传。")
        if file is None:
            raise ValidationError("请先拍照或选一张照片。")
        actions.attach(
            actor=_actor(request),
            case_id=case_id,
            document=typed(request.POST, "document", 40),
            name=file.name or "",
            content=file.read(actions.LIMIT_BYTES + 1),
            on=timezone.localdate(),
        )
    except Case.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return _page(request, error=error)
    messages.success(request, "照片收到了。")
    return redirect(reverse(HOME) + "#papers")


@right("mine.read")
@require_POST
def detach(request: HttpRequest, case_id: int, evidence_id: int) -> HttpResponse:
    try:
        actions.detach(actor=_actor(request), case_id=case_id, evidence_id=evidence_id)
    except (Case.DoesNotExist, Evidence.DoesNotExist):
        raise Http404 from None
    except ValidationError as error:
        return _page(request, error=error)
    return redirect(reverse(HOME) + "#papers")


@right("mine.read")
@require_safe
def sheet(request: HttpRequest, case_id: int, sheet: str) -> HttpResponse:
    """One of my own papers."""
    actor, day = _actor(request), timezone.localdate()
    try:
        page = queries.case_page(actor, case_id, as_of=day)
    except Case.DoesNotExist:
        raise Http404 from None
    found = documents.sheet(page, sheet, on=day)
    if found is None:
        raise Http404
    actions.log_read(actor=actor, case=page.case, sheet=sheet)
    return answer(request, found, page.case, "resident/mine_sheet.html")
