"""Every component on one page, with the rules for using it."""

from types import SimpleNamespace
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from weiye.base.regions.models import Level, Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.access import public

from ..forms import ComponentForm, date_field
from ..lists import Choice, Column, ListPage, ListSpec, Search


def _search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(name__contains=text) | Q(initials__startswith=text.lower()) | Q(code=text))


UNITS = ListSpec(
    columns=(
        Column("name", "名称", lambda u: u.name, order=("name",)),
        Column("code", "区划代码", lambda u: u.code, order=("code",)),
        Column("level", "层级", lambda u: u.get_level_display(), order=("level",)),
        Column("initials", "拼音首字母", lambda u: u.initials, shown=False),
    ),
    filters=(Choice("level", "层级", Level.choices, lambda rows, value: rows.filter(level=value)),),
    search=Search("搜索区划", _search, placeholder="名称、代码或拼音首字母"),
    order="code",
    measure="个单位",
    counted="统计用区划代码，不含网格和楼栋以外的自定义单位。",
)


class SampleForm(ComponentForm):
    name = forms.CharField(label="姓名", max_length=20)
    kind = forms.ChoiceField(
        label="内容",
        choices=[("policy", "政策对接"), ("job", "岗位推荐"), ("training", "培训信息")],
        widget=forms.RadioSelect,
    )
    on = date_field("日期", help_text="可以是今天，也可以补记以前的。")
    level = forms.ChoiceField(label="方式", choices=[("visit", "上门"), ("phone", "电话")])
    agree = forms.BooleanField(label="本人知情同意", required=False)
    note = forms.CharField(
        label="记录", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


@public("shows components and the public area tree only")
def styleguide(request: HttpRequest) -> HttpResponse:
    run = Run(pk=1, title="导入居民名册", state=RunState.RUNNING, done=1250, total=3000)
    finished = [
        Run(pk=2, title="更新四张清单", state=RunState.DONE, message="新建档案 12 份。"),
        Run(pk=3, title="导入名册", state=RunState.FAILED, message="表里没有“身份证号”这一列。"),
        Run(pk=4, title="导出台账", state=RunState.CANCELLED, message="没有改动任何数据。"),
    ]
    # Shown still: a page of samples asks nothing of the server.
    sample = SimpleNamespace(
        pk=run.pk,
        title=run.title,
        done=run.done,
        total=run.total,
        percent=run.percent,
        message="正在核对第 1,250 行",
        cancel_asked=False,
        finished=False,
        state="running",
    )
    return render(
        request,
        "components/styleguide.html",
        {
            "list": ListPage(UNITS, Unit.objects.order_by("code"), request.GET),
            "form": SampleForm(),
            "wrong": SampleForm({"name": "张三", "on": "昨天"}),
            "running": sample,
            "runs": finished,
            "tones": ["", "blue", "green", "amber", "red"],
        },
    )
