"""The assistance file: who is responsible, closing, opening again."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from weiye.base.scope.access import right
from weiye.services.assistance import actions
from weiye.services.assistance.models import AssistanceFile

from ...components.params import typed, whole_number
from ..desk import actor_of


def _file(request: HttpRequest, file_id: int) -> AssistanceFile:
    found = AssistanceFile.objects.visible_to(actor_of(request)).filter(pk=file_id).first()
    if found is None:
        raise Http404
    return found


@right("files.manage")
@require_POST
def close(request: HttpRequest, file_id: int) -> HttpResponse:
    file = _file(request, file_id)
    note = typed(request.POST, "note", 150)
    reason = typed(request.POST, "reason", 200)
    try:
        actions.close_file(
            actor=actor_of(request),
            file_id=file_id,
            reason=f"{reason}（{note}）" if note else reason,
            on=timezone.localdate(),
        )
        messages.success(request, "已结案。需要时可以重新建档。")
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect("community:person", file.person_id)


@right("files.manage")
@require_POST
def reopen(request: HttpRequest, file_id: int) -> HttpResponse:
    file = _file(request, file_id)
    try:
        actions.reopen_file(
            actor=actor_of(request),
            file_id=file_id,
            reason=typed(request.POST, "reason", 200),
        )
        messages.success(request, "已重新建档。更新四张清单后，会重新给出岗位、政策和培训。")
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect("community:person", file.person_id)


@right("files.manage")
@require_POST
def assign(request: HttpRequest, file_id: int) -> HttpResponse:
    file = _file(request, file_id)
    try:
        actions.reassign_file(
            actor=actor_of(request),
            file_id=file_id,
            account_id=whole_number(request.POST.get("worker", "")) or 0,
        )
        messages.success(request, "责任人已更换。")
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect("community:person", file.person_id)
