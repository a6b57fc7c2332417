"""The assistance file: who is responsible, closing, opening again."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from weiye.base.scope.access import right
from weiye.services.assistance import actions
from weiye.services.assistance.models import AssistanceFile, FileState

from ...components.params import typed, whole_number
from ..desk import actor_of
from .ledger import ledger_list, to_ledger

# More at once is a change of organisation, not a morning's work.
MOST_AT_ONCE = 500


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


@right("files.manage")
@require_POST
def assign_picked(request: HttpRequest) -> HttpResponse:
    """Make one worker responsible for the open files of the people picked in the ledger."""
    actor = actor_of(request)
    params = QueryDict(request.POST.get("query", "")[:4000])
    people = ledger_list(actor, params).picked(request.POST).order_by().values("pk")
    files = AssistanceFile.objects.visible_to(actor).filter(person__in=people, state=FileState.OPEN)
    keys = list(files.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    worker = whole_number(request.POST.get("worker", "")) or 0
    if not keys:
        messages.error(request, "选中的人没有在册的援助档案，没有改动。")
    elif len(keys) > MOST_AT_ONCE:
        messages.error(request, f"一次最多换 {MOST_AT_ONCE} 份档案的责任人，请分几次选。没有改动。")
    else:
        try:
            # All of them, or none.
            with transaction.atomic():
                for key in keys:
                    actions.reassign_file(actor=actor, file_id=key, account_id=worker)
            messages.success(request, f"已换 {len(keys)} 份档案的责任人。")
        except ValidationError as error:
            messages.error(request, "".join(error.messages) + "没有改动。")
    return to_ledger(params)
