"""上级报表: a superior office's own workbook, filled from the ledger (PPL-3)."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from weiye.base.packs.queries import pack_in_force
from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people.queries import status_choices
from weiye.services.exchange.filling import actions, queries
from weiye.services.exchange.filling.models import ReportTemplate
from weiye.services.exchange.filling.template import Template
from weiye.services.exchange.sheets import SheetRefused

from ...components.forms import ComponentForm
from ..desk import actor_of


class FillForm(ComponentForm):
    """Whom the report is about, and what it is for."""

    group = forms.ChoiceField(label="哪些人", required=False)
    status = forms.ChoiceField(label="就业状态", required=False)
    file = forms.ChoiceField(
        label="援助档案", required=False, choices=[("", "不限"), ("yes", "只要有档案的")]
    )
    purpose = forms.CharField(
        label="报给谁、做什么用",
        max_length=100,
        help_text="会记入日志，表里的每个人都能看到。例如：报街道办，四季度就业困难人员统计。",
    )

    def __init__(self, groups: list[str], named: int, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if named:
            for name in ("group", "status", "file"):
                del self.fields[name]
            return
        choices = {
            "group": [("", "本辖区所有人"), *((name, name) for name in groups)],
            "status": [("", "不限"), *status_choices()],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered

    def about(self) -> queries.About:
        said = self.cleaned_data
        return queries.About(**{name: said.get(name, "") for name in ("group", "status", "file")})


@right(actions.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """Upload a template; below, those of before."""
    actor = actor_of(request)
    error = ""
    if request.method == "POST":
        kept, error = _keep(request, actor)
        if kept is not None:
            return redirect("community:report", kept.pk)
    context = {
        "error": error,
        "templates": queries.templates(actor)[:50],
        "may_fill": actor.can(actions.SEES),
        "limit": settings.UPLOAD_LIMIT_BYTES,
    }
    return render(request, "community/reports.html", context, status=422 if error else 200)


def _keep(request: HttpRequest, actor: Actor) -> tuple[ReportTemplate | None, str]:
    file = request.FILES.get("file")
    if getattr(request, "upload_too_large", False):
        return None, "文件太大了。请把模板里的图片和多余的工作表删掉再上传。"
    if file is None:
        return None, "请选择一个文件。"
    try:
        return actions.keep_template(
            actor=actor,
            unit=Unit.objects.get(pk=actor.unit_id or 0),
            name=file.name or "",
            content=file.read(),
        ), ""
    except SheetRefused as refused:
        return None, refused.message


@right(actions.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, template_id: int) -> HttpResponse:
    """One template: what its columns mean, whom it is about; filling it."""
    actor = actor_of(request)
    day = timezone.localdate()
    try:
        kept, template = queries.template(actor, template_id)
    except ReportTemplate.DoesNotExist:
        raise Http404 from None
    except SheetRefused as refused:
        # Kept when it could be read; what reads it has changed since.
        messages.error(request, refused.message)
        return redirect("community:reports")
    unit = Unit.objects.get(pk=kept.unit_id)
    groups = [rule.id for rule in pack_in_force(unit.code, day).groups]
    mapping = {int(index): field for index, field in kept.mapping.items()}
    form = FillForm(groups, kept.named, request.POST or None)
    error = ""
    if request.method == "POST":
        mapping = {
            choice.column.index: request.POST.get(f"col-{choice.column.index}", "")
            for choice in template.choices
        }
        if form.is_valid():
            try:
                actions.start_filling(
                    actor=actor,
                    template_id=template_id,
                    mapping=mapping,
                    about=form.about(),
                    purpose=form.cleaned_data["purpose"],
                    as_of=day,
                )
                return redirect("community:report", template_id)
            except ValidationError as refused:
                error = "".join(refused.messages)
    run = kept.run
    context = {
        "kept": kept,
        "template": template,
        "columns": _columns(template, mapping),
        "fields": queries.fields(),
        "form": form,
        "error": error,
        "run": run,
        "busy": run is not None and not run.finished,
    }
    failed = bool(error) or (request.method == "POST" and not form.is_valid())
    return render(request, "community/report.html", context, status=422 if failed else 200)


def _columns(template: Template, mapping: dict[int, str]) -> list[dict[str, object]]:
    return [
        {
            "index": choice.column.index,
            "letter": choice.column.letter,
            "title": choice.column.title,
            "field": mapping.get(choice.column.index, ""),
        }
        for choice in template.choices
    ]


@right(actions.RIGHT)
@require_POST
def drop(request: HttpRequest, template_id: int) -> HttpResponse:
    """Give a template up."""
    try:
        actions.drop_template(actor=actor_of(request), template_id=template_id)
    except ReportTemplate.DoesNotExist:
        raise Http404 from None
    return redirect("community:reports")
