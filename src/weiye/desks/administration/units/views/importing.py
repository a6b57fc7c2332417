"""A file of changed codes: uploaded, tried out, applied."""

from datetime import date
from pathlib import Path
from uuid import UUID

import polars as pl
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.files.actions import hand_out, keep
from weiye.base.files.models import StoredFile
from weiye.base.regions import actions
from weiye.base.regions.actions import Judged
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.engine.tables import TableError

from ....components.forms import ComponentForm, date_field
from .. import jobs
from ..sheets import read, xlsx
from ..words import rows_words
from . import actor_of

RIGHT = "units.edit"
SHOWN = 200
TYPES = (".xlsx", ".csv")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DayForm(ComponentForm):
    day = date_field("生效日期", help_text="今天或以前的某天；从这一天起按新的区划统计。")

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise forms.ValidationError("生效日期不能晚于今天。")
        return day


@right(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file."""
    error = ""
    if request.method == "POST":
        stored, error = _keep(request, actor_of(request))
        if stored is not None:
            return redirect("administration:unit-import-check", stored.pk)
    context = {
        "error": error,
        "limit": settings.UPLOAD_LIMIT_BYTES,
        "changes": actions.CHANGES,
    }
    return render(
        request, "administration/units/import.html", context, status=422 if error else 200
    )


def _keep(request: HttpRequest, actor: Actor) -> tuple[StoredFile | None, str]:
    if getattr(request, "upload_too_large", False):
        return None, f"文件超过{settings.UPLOAD_LIMIT_BYTES // 2**20} MB，请按县分成几个文件。"
    file = request.FILES.get("file")
    if file is None:
        return None, "请选择一个文件。"
    name = file.name or ""
    if Path(name).suffix.lower() not in TYPES:
        return None, "只认 .xlsx 和 .csv 文件。"
    content = file.read()
    try:
        read(name, content)
    except TableError as error:
        return None, str(error)
    return keep(actor=actor, path=actor.path, name=name, content=content, right=RIGHT), ""


def _stored(actor: Actor, file_id: UUID) -> StoredFile:
    found = StoredFile.objects.visible_to(actor).filter(pk=file_id, right=RIGHT).first()
    if found is None:
        raise Http404
    return found


@right(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """What the file would do from a day on; with ``sure`` it is begun."""
    actor = actor_of(request)
    stored = _stored(actor, file_id)
    sheet = read(stored.name, stored.read())
    sent = request.POST if request.method == "POST" else {"day": str(timezone.localdate())}
    form = DayForm(sent)
    judged: Judged | None = None
    error = ""
    if form.is_valid():
        day = form.cleaned_data["day"]
        try:
            if request.POST.get("sure") == "1":
                run = jobs.begin_import(actor=actor, stored=stored, day=day)
                return redirect("administration:unit-run", run.pk)
            judged = actions.preview(
                lambda: actions.import_changes(actor=actor, sheet=sheet, day=day)
            )
        except ValidationError as refused:
            error = "".join(refused.messages)
    context = {
        "stored": stored,
        "form": form,
        "judged": judged,
        "error": error,
        "lines": (judged.bad + judged.changed)[:SHOWN] if judged else [],
        "hidden": max(0, len(judged.bad) + len(judged.changed) - SHOWN) if judged else 0,
        "rows": rows_words(judged.outcome.rows) if judged else [],
        "day": form.cleaned_data.get("day") if form.is_valid() else None,
    }
    status = 422 if form.errors or error else 200
    return render(request, "administration/units/import_check.html", context, status=status)


@right(RIGHT)
@require_safe
def result(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The sender's own file with a column that says what becomes of each row: from the day asked
    for, or (no day) what an import gave back."""
    actor = actor_of(request)
    stored = _stored(actor, file_id)
    if "day" not in request.GET:
        return _answer(hand_out(actor=actor, file_id=str(file_id)).read(), stored.name)
    form = DayForm(request.GET)
    if not form.is_valid():
        raise Http404
    day = form.cleaned_data["day"]
    sheet = read(stored.name, stored.read())
    try:
        judged = actions.preview(lambda: actions.import_changes(actor=actor, sheet=sheet, day=day))
    except ValidationError:
        raise Http404 from None
    hand_out(actor=actor, file_id=str(file_id))
    return _answer(xlsx(judged.returned(sheet)), f"{Path(stored.name).stem}-试算结果.xlsx")


@right(RIGHT)
@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """An empty file with the columns, and one line of each kind as an example."""
    frame = pl.DataFrame(
        {
            "代码": ["371002001001"],
            "名称": ["示例社区居民委员会（请删除本行）"],
            "城乡分类代码": ["111"],
            "原代码": [""],
            "变更": [""],
        }
    )
    return _answer(xlsx(frame), "区划变更模板.xlsx")


def _answer(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    return response
