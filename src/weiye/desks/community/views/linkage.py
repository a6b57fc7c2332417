"""疑似重复: two people who may be one, and rows of rosters that may mean somebody (PPL-3)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from weiye.base.scope.access import right
from weiye.registers.people.merging import actions as merging
from weiye.registers.people.merging.models import Merge
from weiye.registers.people.models import Person
from weiye.services.linkage import actions, queries
from weiye.services.linkage.models import Pair, PairState, RowDoubt

from ...components.forms import ComponentForm
from ...components.lists import Choice, Column, ListPage, ListSpec
from ...components.params import typed
from ..desk import actor_of, runs_of

TONES = {
    PairState.OPEN: "amber",
    PairState.LATER: "",
    PairState.SAME: "green",
    PairState.DIFFERENT: "blue",
}
SHOWN_ROWS = 50


@right(merging.RIGHT)
@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """The queue: pairs that wait, below them rows of rosters that wait."""
    actor = actor_of(request)
    params = request.GET.copy()
    params.setdefault("state", PairState.OPEN)
    rows = queries.doubts(actor).filter(state="open")
    context = {
        "list": ListPage(_spec(), queries.pairs(actor), params, actor),
        "doubts": rows[:SHOWN_ROWS],
        "doubts_count": rows.count(),
        "runs": runs_of(actor, actions.KIND),
        "never": not queries.pairs(actor).exists(),
        "may_decide_rows": actor.can(actions.IMPORTS),
    }
    return render(request, "community/duplicates.html", context)


def _spec() -> ListSpec:
    return ListSpec(
        name="duplicates",
        columns=(
            Column("who", "两个人", _names, html=_who, order=("one__name_key",)),
            Column(
                "probability",
                "像同一个人",
                lambda pair: _percent(pair.probability),
                order=("-probability",),
                right=True,
                tight=True,
            ),
            Column("evidence", "依据", lambda pair: str(pair.evidence or ""), full=True),
            Column("state", "状态", lambda pair: pair.get_state_display(), html=_state, tight=True),
            Column("found", "发现", lambda pair: pair.found_on, order=("-found_on",), tight=True),
            Column("by", "核对人", lambda pair: pair.decided_by, shown=False),
        ),
        filters=(
            Choice(
                "state", "状态", PairState.choices, lambda rows, value: rows.filter(state=value)
            ),
        ),
        order="probability",
        measure="对",
        counted="系统比对姓名、证件号码、出生日期、电话和住址后觉得像同一个人的，由人来定；定过的不再问。",
        empty="没有要核对的",
    )


def _percent(probability: float) -> str:
    """Never 100 %: it is for a person to be sure."""
    return f"{min(probability, 0.99):.0%}"


def _names(pair: Pair) -> str:
    return f"{pair.one.name} / {pair.other.name}"


def _who(pair: Pair) -> SafeString:
    url = reverse("community:duplicate", args=[pair.pk])
    return format_html(
        '<a href="{}">{}</a><span class="wy-cell-note">{} / {}</span>',
        url,
        _names(pair),
        pair.one.unit.name,
        pair.other.unit.name,
    )


def _state(pair: Pair) -> SafeString:
    tone = TONES[PairState(pair.state)]
    return format_html(
        '<span class="wy-badge{}">{}</span>',
        f" wy-badge-{tone}" if tone else "",
        pair.get_state_display(),
    )


class DecisionForm(ComponentForm):
    """One or two, and why."""

    answer = forms.ChoiceField(label="是不是同一个人", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="根据什么",
        max_length=300,
        help_text="例如：上门见到本人；户口簿上是两个人。合并后可以拆分。",
    )

    def __init__(self, pair: queries.Beside, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["answer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (str(pair.pair.one_id), f"是同一个人，保留左边的{pair.one.person.name}"),
            (str(pair.pair.other_id), f"是同一个人，保留右边的{pair.other.person.name}"),
            ("different", "不是同一个人"),
            ("later", "现在说不准，先放着"),
        ]


@right(merging.RIGHT)
@require_safe
def duplicate(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Two people side by side."""
    return _page(request, pair_id)


def _page(request: HttpRequest, pair_id: int, form: DecisionForm | None = None) -> HttpResponse:
    found = _beside(request, pair_id)
    if found is None:
        messages.info(request, "其中一个人已经不在本辖区，不用再核对。")
        return redirect("community:duplicates")
    decided = found.pair.decided_at is not None
    context = {
        "found": found,
        "percent": _percent(found.compared.probability),
        "decided": decided,
        "form": None if decided else form or DecisionForm(found),
    }
    return render(
        request, "community/duplicate.html", context, status=422 if form is not None else 200
    )


def _beside(request: HttpRequest, pair_id: int) -> queries.Beside | None:
    try:
        return queries.beside(actor_of(request), pair_id, as_of=timezone.localdate())
    except Pair.DoesNotExist:
        raise Http404 from None
    except Person.DoesNotExist:
        return None


@right(merging.RIGHT)
@require_POST
def decide(request: HttpRequest, pair_id: int) -> HttpResponse:
    """What the worker says of a pair."""
    actor = actor_of(request)
    found = _beside(request, pair_id)
    if found is None:
        return redirect("community:duplicates")
    form = DecisionForm(found, request.POST)
    if typed(request.POST, "answer") == "later":
        form.fields["reason"].required = False
    if not form.is_valid():
        return _page(request, pair_id, form)
    answer, reason = form.cleaned_data["answer"], form.cleaned_data["reason"]
    try:
        if answer == "later":
            actions.put_off(actor=actor, pair_id=pair_id)
        elif answer == "different":
            actions.decide_different(actor=actor, pair_id=pair_id, reason=reason)
            messages.success(request, "已记下：不是同一个人。以后不再问。")
        else:
            actions.decide_same(actor=actor, pair_id=pair_id, keep=int(answer), reason=reason)
            messages.success(request, "已合并成一个人。合错了可以在这个人的页面上拆分。")
            return redirect("community:person", int(answer))
    except ValidationError as refused:
        form.take(refused)
        return _page(request, pair_id, form)
    except (Pair.DoesNotExist, Person.DoesNotExist):
        # Somebody was quicker, or one of the two moved while this page was open.
        messages.info(request, "这一对刚被别人处理过，或其中一个人已不在本辖区，不用再核对。")
    return redirect("community:duplicates")


@right(merging.RIGHT)
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Look for people who are one, now."""
    actor = actor_of(request)
    actions.start_search(actor=actor, path=actor.path)
    return redirect("community:duplicates")


@right(merging.RIGHT)
@require_POST
def part(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Make two of one again."""
    actor = actor_of(request)
    found = Merge.objects.visible_to(actor).filter(pk=merge_id).first()
    if found is None:
        raise Http404
    try:
        back, stay = merging.unmerge(
            actor=actor, merge_id=merge_id, reason=typed(request.POST, "reason", 300)
        )
    except ValidationError as refused:
        messages.error(request, "".join(refused.messages))
        return redirect("community:person", found.person_id)
    told = f"已拆分，{back.name}又是单独的一个人。"
    if stay:
        told += "合并后改过的内容没有动，请核对。"
    messages.success(request, told)
    return redirect("community:person", back.pk)


@right(actions.IMPORTS)
@require_safe
def doubt(request: HttpRequest, doubt_id: int) -> HttpResponse:
    """A row of a roster, and whom it may mean."""
    try:
        found = queries.asked(actor_of(request), doubt_id)
    except RowDoubt.DoesNotExist:
        raise Http404 from None
    shown = [(each, _percent(each.compared.probability)) for each in found.candidates]
    return render(request, "community/doubt.html", {"found": found, "candidates": shown})


@right(actions.IMPORTS)
@require_POST
def settle(request: HttpRequest, doubt_id: int) -> HttpResponse:
    """Who is meant by a row."""
    chosen = typed(request.POST, "person", 18)
    actor = actor_of(request)
    try:
        numbered = queries.asked(actor, doubt_id).numbered
        actions.decide_row(
            actor=actor,
            doubt_id=doubt_id,
            person_id=int(chosen) if chosen.isdecimal() else None,
        )
    except RowDoubt.DoesNotExist:
        raise Http404 from None
    except ValidationError as refused:
        messages.error(request, "".join(refused.messages))
        return redirect("community:doubt", doubt_id)
    if numbered:
        messages.success(
            request,
            "已记下。这一行有身份证号：请先改好台账里的姓名，或请来源部门改好名册，再导入一次。",
        )
    else:
        messages.success(request, "已记下。这份名册再导入一次，这一行就按您说的办。")
    return redirect("community:duplicates")
