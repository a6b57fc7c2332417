"""Every component on one page, with all its states: what pages are built from, and compared with.

For whoever is signed in: it is of use to those who build and check pages, and a resident who came
upon it would find forms that lead nowhere. It reads nothing but the public area tree.
"""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from weiye.base.regions.models import Level, Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.access import signed_in

from ..charts import Chart
from ..forms import (
    ComponentForm,
    MoneyField,
    Revised,
    UnitField,
    WeekField,
    come_from,
    date_field,
    long_text,
    mark,
)
from ..lists import Choice, Column, Flag, ListPage, ListSpec, Range, Search
from ..spans import Lane, Span, SpanLine

# The same on every installation, so that pictures of the page can be compared.
SAMPLE = ("370000000000", "371000000000", "370100000000", "371002000000", "370102000000")
DAY = date(2026, 6, 1)


def _search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(name__contains=text) | Q(initials__startswith=text.lower()) | Q(code=text))


UNITS = ListSpec(
    columns=(
        Column("name", "名称", lambda u: u.name, order=("name",)),
        Column("code", "区划代码", lambda u: u.code, order=("code",)),
        Column("level", "层级", lambda u: u.get_level_display(), order=("level",), tight=True),
        Column("initials", "拼音首字母", lambda u: u.initials, shown=False),
    ),
    filters=(
        Choice("level", "层级", Level.choices, lambda rows, value: rows.filter(level=value)),
        Range("number", "序号", lambda rows, low, high: rows, "号"),
        Flag("capital", "只看省会", lambda rows: rows.filter(code="370100000000")),
    ),
    search=Search("搜索区划", _search, placeholder="名称、代码或拼音首字母"),
    order="code",
    measure="个单位",
    counted="组件一览只列五个单位，说明列表的样子。",
    page_size=3,
)


class SampleForm(Revised, ComponentForm):
    """One field of every kind."""

    name = forms.CharField(label="文字", max_length=20, help_text="一句话说明怎么填。")
    count = forms.IntegerField(label="数字", min_value=1, max_value=99)
    wage = MoneyField(label="金额")
    on = date_field("日期", help_text="可以是今天，也可以补记以前的。")
    way = forms.ChoiceField(label="下拉选择", choices=[("visit", "上门"), ("phone", "电话")])
    unit = UnitField(label="单位", required=False)
    kind = forms.ChoiceField(
        label="单选",
        choices=[("policy", "政策对接"), ("job", "岗位推荐"), ("training", "培训信息")],
        widget=forms.RadioSelect,
    )
    labels = forms.MultipleChoiceField(
        label="多选",
        choices=[("love", "爱心岗"), ("silver", "银龄岗"), ("mother", "妈妈岗")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    hours = WeekField(label="一周的时间", required=False, initial=[1, 2, 16])
    file = forms.FileField(label="文件", required=False)
    agree = forms.BooleanField(label="勾选：本人知情同意", required=False)
    note = long_text("长文字", max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark(self.fields["count"], "发布前必填")
        come_from(self.fields["wage"], "居民名册", date(2026, 5, 1))


FIGURES = Chart(
    title="各月新增就业",
    heads=("月份", "人数"),
    rows=(("1月", 120), ("2月", 86), ("3月", 143), ("4月", 165), ("5月", 158)),
    target=150,
    note="三月起回升，四月、五月超过目标。",
    defined="当月新登记就业的人，按人计数，一人一月只计一次。",
)
LINES = Chart(
    title="服务完成率",
    heads=("月份", "本社区", "全街道"),
    rows=(("1月", 71, 68), ("2月", 74, 70), ("3月", 80, 71), ("4月", None, 73), ("5月", 88, 76)),
    kind="line",
    defined="已做次数除以应做次数，百分数。“—”表示当月没有数。",
)

EVENTS = [
    {
        "title": "政策对接",
        "when": "2026年5月20日",
        "text": "讲了灵活就业社保补贴。",
        "who": "于春梅 · 电话",
        "state": "已完成",
        "tone": "green",
    },
    {
        "title": "岗位推荐",
        "when": "2026年5月8日",
        "text": "推荐社区食堂帮厨。",
        "who": "于春梅 · 上门",
        "state": "",
        "tone": "",
    },
]


SPANS = SpanLine(
    "就业状态和登记随时间的变化，目前：失业。",
    (
        Lane(
            "就业状态",
            (
                Span("就业", date(2019, 7, 1), date(2023, 4, 1), "green"),
                Span("灵活就业", date(2023, 4, 1), date(2025, 9, 1), "blue"),
                Span("失业", date(2025, 9, 1), None, "amber"),
            ),
        ),
        Lane("失业登记", (Span("失业登记", date(2025, 9, 20), None, "blue", sure=False),)),
    ),
    upto=DAY,
    marked=date(2024, 3, 1),
)


def _two_people() -> SampleForm:
    """A form that comes back after somebody else has changed what it was made from."""
    opened = SampleForm(initial={"wage": 3000, "way": "visit", "kind": "job", "on": DAY})
    sent = QueryDict(mutable=True)
    sent.update({"name": "帮厨", "count": "1", "wage": "3200", "on": "2026-06-01"})
    sent.update({"way": "visit", "kind": "job", "seen": opened.seen()})
    return SampleForm(sent, initial={"wage": 3500, "way": "phone", "kind": "job", "on": DAY})


@signed_in
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    # Shown still: a page of samples asks nothing of the server.
    running = SimpleNamespace(
        pk=1,
        title="导入居民名册",
        done=1250,
        total=3000,
        percent=41,
        message="正在核对第 1,250 行",
        cancel_asked=False,
        finished=False,
        state="running",
        elapsed=timedelta(seconds=75),
        remaining=timedelta(seconds=105),
    )
    ended = [
        Run(pk=2, title="更新四张清单", state=RunState.DONE, message="新建档案 12 份。"),
        Run(pk=3, title="导入名册", state=RunState.FAILED, message="表里没有“身份证号”这一列。"),
        Run(pk=4, title="导出台账", state=RunState.CANCELLED, message="没有改动任何数据。"),
    ]
    units = Unit.objects.filter(code__in=SAMPLE)
    differing = _two_people()
    differing.is_valid()
    return render(
        request,
        "components/styleguide.html",
        {
            "list": ListPage(UNITS, units, request.GET),
            "none": ListPage(UNITS, units.none(), QueryDict("level=grid")),
            "form": SampleForm(),
            "wrong": SampleForm(QueryDict("name=张三&on=昨天&wage=三千")),
            "differing": differing,
            "running": running,
            "runs": ended,
            "figures": FIGURES,
            "lines": LINES,
            "events": EVENTS,
            "spans": SPANS,
            "reasons": ["核对身份", "联系本人"],
            "day": DAY,
        },
    )
