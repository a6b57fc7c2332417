"""Papers of a case: uploaded, compared with the original, printed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from weiye.base.scope.access import right
from weiye.services.certification import actions, documents, queries
from weiye.services.certification.models import Case, Evidence

from ...components.params import typed
from ..desk import actor_of
from .views import case_page


@right("certification.apply")
@require_POST
def attach(request: HttpRequest, case_id: int) -> HttpResponse:
    """A picture or PDF; or the word that the original was seen."""
    actor, day = actor_of(request), timezone.localdate()
    document = typed(request.POST, "document", 40)
    file = request.FILES.get("file")
    try:
        if request.POST.get("seen") == "1":
            actions.saw_original(actor=actor, case_id=case_id, document=document, on=day)
            messages.success(request, "已登记核对原件。")
        else:
            if getattr(request, "upload_too_large", False):
                raise ValidationError("文件太大，请拍得小一点再传。")
            if file is None:
                raise ValidationError("请先选择照片或PDF。")
            actions.attach(
                actor=actor,
                case_id=case_id,
                document=document,
                name=file.name or "",
                content=file.read(actions.LIMIT_BYTES + 1),
                on=day,
            )
            messages.success(request, "材料已加密保存。")
    except Case.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return case_page(request, case_id, error)
    return redirect("community:certification", case_id)


@right("certification.apply")
@require_POST
def detach(request: HttpRequest, case_id: int, evidence_id: int) -> HttpResponse:
    try:
        actions.detach(actor=actor_of(request), case_id=case_id, evidence_id=evidence_id)
    except (Case.DoesNotExist, Evidence.DoesNotExist):
        raise Http404 from None
    except ValidationError as error:
        return case_page(request, case_id, error)
    messages.success(request, "已删去。")
    return redirect("community:certification", case_id)


@right("certification.read")
@require_safe
def sheet(request: HttpRequest, case_id: int, sheet: str) -> HttpResponse:
    """One paper on A4, or as .docx."""
    actor, day = actor_of(request), timezone.localdate()
    try:
        page = queries.case_page(actor, case_id, as_of=day)
    except Case.DoesNotExist:
        raise Http404 from None
    found = documents.sheet(page, sheet, on=day)
    if found is None:
        raise Http404
    actions.log_read(actor=actor, case=page.case, sheet=sheet)
    return answer(request, found, page.case)


def answer(
    request: HttpRequest,
    found: documents.Sheet,
    case: Case,
    template: str = "community/certification/sheet.html",
) -> HttpResponse:
    """The paper as a page, or with ``?as=docx`` as a file."""
    if request.GET.get("as") != "docx":
        return render(request, template, {"sheet": found, "case": case})
    response = HttpResponse(documents.document(found), content_type=documents.DOCX)
    name = f"{found.title}_{case.pk}.docx"
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    response["Cache-Control"] = "no-store"
    return response
