"""Imports: a file in, what its columns mean, what would happen, done (PPL-3, JOB-1, TRN-2)."""

import io
import zipfile
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.access import right, signed_in
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.services.assistance.jobs import KIND as PIPELINE
from weiye.services.demonstration.rosters import department_rosters, is_demonstrated
from weiye.services.exchange import actions, queries
from weiye.services.exchange.intake import RIGHTS
from weiye.services.exchange.models import ImportBatch, ImportKind, ImportState
from weiye.services.exchange.sample import sample_roster
from weiye.services.exchange.senders import senders
from weiye.services.exchange.sheets import SheetRefused

from ...components.params import typed, whole_number
from ..desk import actor_of, runs_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RECENT = 20
# Rows of the preview by what becomes of them: name, and where they are counted.
ROWS = {
    "new": ("新增", "new"),
    "changed": ("更新", "changed"),
    "unchanged": ("无变化", "unchanged"),
    "error": ("有误", "errors"),
    "transfer": ("要办迁移", "transfers"),
    "review": ("待核对", "review"),
}
# What each kind of file is for, and what it should hold.
HINTS = {
    ImportKind.ROSTER: "姓名和身份证号必须有；住址、学历、就业状态、低保、残疾等有多少列都行。",
    ImportKind.VACANCIES: "岗位名称和用人单位必须有；缺法定内容的先存为草稿。",
    ImportKind.TRAINING: "培训项目和培训机构必须有；可以有学时、补贴、开班日期、名额。",
}


def _kinds(actor: Actor) -> list[ImportKind]:
    """What the actor may import. Raises `NotAllowed` if that is nothing."""
    found = [kind for kind in ImportKind if actor.can(RIGHTS[kind])]
    if not found:
        raise NotAllowed("imports nothing")
    return found


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Choose a file; below, the files of before."""
    actor = actor_of(request)
    kinds = _kinds(actor)
    asked = typed(request.POST if request.method == "POST" else request.GET, "kind")
    kind = ImportKind(asked) if asked in kinds else kinds[0]
    error = ""
    if request.method == "POST":
        batch, error = _upload(request, actor, kind)
        if batch is not None:
            return redirect("community:import", batch.pk)
    context = {
        "kind": kind,
        "kinds": kinds,
        "hint": HINTS[kind],
        "limit": settings.IMPORT_LIMIT_BYTES,
        "limit_hint": f"Excel（.xlsx）或 CSV，最大 {settings.IMPORT_LIMIT_BYTES // 2**20} MB",
        "senders": senders(actor.path) if kind == ImportKind.ROSTER else (),
        "error": error,
        "demonstrated": kind == ImportKind.ROSTER and is_demonstrated(actor),
        "batches": queries.batches(actor, kind).order_by("-id")[:RECENT],
    }
    return render(request, "community/imports.html", context, status=422 if error else 200)


def _upload(request: HttpRequest, actor: Actor, kind: ImportKind) -> tuple[ImportBatch | None, str]:
    """The new batch, or a sentence on why the file cannot be taken."""
    if getattr(request, "upload_too_large", False):
        limit = settings.IMPORT_LIMIT_BYTES // 2**20
        return None, f"文件超过{limit} MB，请拆成几个文件再传。什么都没有导入。"
    file = request.FILES.get("file")
    if file is None:
        return None, "请选择一个文件。"
    try:
        batch = actions.upload(
            actor=actor,
            unit=Unit.objects.get(pk=actor.unit_id or 0),
            kind=kind,
            name=file.name or "",
            content=file.file,  # type: ignore[arg-type]
            sender=typed(request.POST, "sender", 40) or None,
        )
    except SheetRefused as refused:
        return None, refused.message
    except ValidationError as refused:
        return None, "".join(refused.messages)
    return batch, ""


@signed_in
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Where one file stands: its columns, what would happen, or what happened."""
    return _page(request, batch_id)


def _page(request: HttpRequest, batch_id: int, error: str = "") -> HttpResponse:
    actor = actor_of(request)
    only = typed(request.GET, "only", 12)
    try:
        found = queries.preview(
            actor,
            batch_id,
            only=only if only in ROWS else "",
            number=whole_number(request.GET.get("page", "")) or 1,
        )
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    actor.require(RIGHTS[found.batch.kind])
    run: Run | None = found.batch.run
    batch = found.batch
    done = batch.state == ImportState.DONE
    is_roster = batch.kind == ImportKind.ROSTER
    undoable = is_roster and batch.state in (
        ImportState.DONE,
        ImportState.IMPORTING,
        ImportState.UNDOING,
    )
    counts = batch.counts
    context: dict[str, Any] = {
        "found": found,
        "batch": batch,
        "counts": counts,
        "busy": run is not None and not run.finished,
        "failed": run is not None and run.state in ("failed", "cancelled"),
        "run": run,
        "error": error,
        "rejects": queries.rejects_file(actor, batch_id),
        "pipeline": runs_of(actor, PIPELINE)[:1] if done and is_roster else [],
        "is_roster": is_roster,
        "may_ask": actor.can("transfers.ask"),
        "only": only if only in ROWS else "",
        "kinds_of_rows": [
            (name, label, counts.get(count, 0)) for name, (label, count) in ROWS.items()
        ],
        "sender": next((s.name for s in found.senders if s.id == batch.sender), ""),
        "undo_until": actions.undo_until(batch) if undoable else None,
        "undo_over": undoable and timezone.localdate() > actions.undo_until(batch),
        "undo_kept": queries.kept_after_undo(actor, batch) if batch.undo_counts else [],
        "done_rows": queries.done_rows(actor, batch_id)
        if batch.state == ImportState.IMPORTING
        else 0,
    }
    return render(request, "community/import.html", context, status=422 if error else 200)


@signed_in
@require_POST
def origin(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Who sent the file, and which of its sheets are read."""
    try:
        actions.set_origin(
            actor=actor_of(request),
            batch_id=batch_id,
            sender=typed(request.POST, "sender", 40),
            sheets=request.POST.getlist("sheet")[:100],
        )
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except SheetRefused as refused:
        return _page(request, batch_id, refused.message)
    except ValidationError as refused:
        return _page(request, batch_id, "".join(refused.messages))
    return redirect("community:import", batch_id)


@signed_in
@require_POST
def undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    """What undoing would do; with ``really``, do it."""
    work = actions.undo if request.POST.get("really") else actions.preview_undo
    try:
        work(actor=actor_of(request), batch_id=batch_id)
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        return _page(request, batch_id, "".join(refused.messages))
    return redirect("community:import", batch_id)


@signed_in
@require_POST
def check(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Take the meaning of the columns and try the file, in the background."""
    actor = actor_of(request)
    chosen = {
        int(key[4:]): typed(request.POST, key)
        for key in request.POST
        if key.startswith("col-") and key[4:].isdecimal() and len(key) < 10
    }
    try:
        actions.set_mapping(
            actor=actor,
            batch_id=batch_id,
            mapping=chosen,
            answered=request.POST.getlist("answered"),
        )
        actions.dry_run(actor=actor, batch_id=batch_id)
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        return _page(request, batch_id, "".join(refused.messages))
    return redirect("community:import", batch_id)


@signed_in
@require_POST
def commit(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Bring the good rows in, or what is left of them."""
    try:
        actions.commit(actor=actor_of(request), batch_id=batch_id)
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        return _page(request, batch_id, "".join(refused.messages))
    return redirect("community:import", batch_id)


@signed_in
@require_POST
def cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Stop what runs, or give the file up."""
    try:
        found = actions.cancel(actor=actor_of(request), batch_id=batch_id)
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        return _page(request, batch_id, "".join(refused.messages))
    if found.state == ImportState.CANCELLED:
        messages.success(request, "已取消，文件已删除，没有改动任何数据。")
        return redirect(f"/community/imports/?kind={found.kind}")
    return redirect("community:import", batch_id)


@right("people.import")
@require_GET
def sample(request: HttpRequest) -> HttpResponse:
    """A roster of invented people, to try the import with."""
    content = sample_roster(actor_of(request).unit_name, timezone.localdate())
    response = HttpResponse(content, content_type=XLSX)
    name = content_disposition_header(as_attachment=True, filename="人员名册样例.xlsx")
    response["Content-Disposition"] = name or "attachment"
    return response


@right("people.import")
@require_GET
def department_samples(request: HttpRequest) -> HttpResponse:
    """What departments would send about the people of the demonstration, as one archive."""
    files = department_rosters(actor_of(request))
    if not files:
        raise Http404
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    response = HttpResponse(content.getvalue(), content_type="application/zip")
    name = content_disposition_header(as_attachment=True, filename="各部门名册样例.zip")
    response["Content-Disposition"] = name or "attachment"
    return response
