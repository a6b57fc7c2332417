"""Versions of packs: what counts, what waits, what changes, who decided; a past day again."""

from datetime import date
from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.packs import actions, queries
from weiye.base.packs.differences import differences, lines
from weiye.base.packs.models import PackState, PackVersion
from weiye.base.runs.models import Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.services.assistance import jobs

from ...components.forms import ComponentForm, date_field, long_text


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


class DecisionForm(ComponentForm):
    verdict = forms.ChoiceField(
        label="决定",
        choices=[("approve", "批准启用"), ("reject", "退回")],
        widget=forms.RadioSelect,
    )
    in_force_from = date_field(
        "启用日期",
        required=False,
        help_text="从这一天起，系统按这个版本计算。条款自己的起止日期不变。",
    )
    note = long_text("意见", rows=2, required=False, help_text="退回时请写明原因。")

    def clean_in_force_from(self) -> date | None:
        day: date | None = self.cleaned_data["in_force_from"]
        if self.cleaned_data.get("verdict") == "approve" and day is None:
            raise ValidationError("请选择启用日期。")
        return day


class ReplayForm(ComponentForm):
    as_of = date_field("哪一天")
    version = forms.ChoiceField(label="用哪个版本", required=False)

    def __init__(self, today: date, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        rows = PackVersion.objects.exclude(state=PackState.REJECTED).order_by("pack", "-id")
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            ("", "当天生效的版本"),
            *(
                (str(row.pk), f"{row.name} {row.short}（{row.get_state_display()}）")
                for row in rows.defer("files")
            ),
        ]

    def clean_as_of(self) -> date:
        day: date = self.cleaned_data["as_of"]
        if day > self.today:
            raise ValidationError("不能选将来的日子。")
        return day


@right("packs.read")
@require_safe
def packs(request: HttpRequest) -> HttpResponse:
    """What counts now, what waits for a decision, and everything that was."""
    today = timezone.localdate()
    history = PackVersion.objects.order_by("-id").defer("files")[:100]
    return render(
        request,
        "administration/packs/packs.html",
        {
            "current": [version for _, version in sorted(queries.in_force(today).items())],
            "waiting": list(queries.waiting()),
            "history": list(history),
            "beginning": actions.BEGINNING,
            "today": today,
        },
    )


@right("packs.read")
@require_safe
def version(request: HttpRequest, version_id: int) -> HttpResponse:
    return _page(request, _version(version_id), None)


def _version(version_id: int) -> PackVersion:
    try:
        return PackVersion.objects.get(pk=version_id)
    except PackVersion.DoesNotExist:
        raise Http404 from None


def _page(
    request: HttpRequest, found: PackVersion, form: DecisionForm | None, status: int = 200
) -> HttpResponse:
    actor, today = _actor(request), timezone.localdate()
    before = queries.replaced_by(found)
    old = before.files if before is not None else {}
    may = (
        found.state == PackState.PROPOSED
        and actor.can("packs.approve")
        and actor.covers(found.unit_path)
    )
    return render(
        request,
        "administration/packs/version.html",
        {
            "version": found,
            "before": before,
            "differences": differences(old, found.files) if before else [],
            "files": lines(old, found.files) if before else [],
            "form": (form or DecisionForm(initial={"in_force_from": today})) if may else None,
            "beginning": actions.BEGINNING,
        },
        status=status,
    )


@right("packs.approve")
@require_POST
def decide(request: HttpRequest, version_id: int) -> HttpResponse:
    actor = _actor(request)
    found = _version(version_id)
    form = DecisionForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            if data["verdict"] == "approve":
                actions.approve(
                    actor=actor,
                    version_id=version_id,
                    in_force_from=data["in_force_from"],
                    today=timezone.localdate(),
                    note=data["note"],
                )
                said = f"已批准，{data['in_force_from']:%Y年%m月%d日}起启用。"
            else:
                actions.reject(actor=actor, version_id=version_id, note=data["note"])
                said = "已退回。"
        except PackVersion.DoesNotExist:
            raise Http404 from None
        except actions.Undecidable as error:
            found.refresh_from_db()
            if found.state != PackState.PROPOSED:
                # Somebody was quicker: there is no form any more to say it in.
                messages.error(request, str(error))
                return redirect("administration:pack-version", version_id)
            form.add_error(None, str(error))
        else:
            messages.success(request, said)
            return redirect("administration:pack-version", version_id)
    return _page(request, found, form, status=422)


@right("packs.read")
@require_http_methods(["GET", "HEAD", "POST"])
def replay(request: HttpRequest) -> HttpResponse:
    """A past day worked out again, for the actor's own area; figures only."""
    actor, today = _actor(request), timezone.localdate()
    form = ReplayForm(today, request.POST or None, initial={"as_of": today})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["version"]
        jobs.start_replay(
            actor=actor,
            path=actor.path,
            as_of=form.cleaned_data["as_of"],
            version_id=int(chosen) if chosen else None,
        )
        return redirect("administration:pack-replay")
    runs = Run.objects.visible_to(actor).filter(kind=jobs.REPLAY, unit_path=actor.path)
    names = dict(PackVersion.objects.values_list("pack", "name"))
    shown = [
        (
            run,
            [
                f"{names.get(pack, pack)} {digest[:8]}"
                for pack, digest in (run.result or {}).get("packs", [])
            ],
        )
        for run in runs.order_by("-id")[:5]
    ]
    return render(
        request,
        "administration/packs/replay.html",
        {"form": form, "runs": shown, "few": jobs.FEW},
        status=422 if form.errors else 200,
    )
