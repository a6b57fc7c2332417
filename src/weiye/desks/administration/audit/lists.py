"""The list of entries."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from weiye.base.accounts.roles import roles
from weiye.base.audit.models import AuditEntry
from weiye.base.audit.words import VERBS, verb_words, verbs_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.actions import REVEALABLE

from ...components.lists import Choice, Column, ListSpec, Search
from ...components.lists.filters import Dates
from ..routes import route_words

Rows = QuerySet[Any]

THINGS = {
    "person": "居民",
    "assistancefile": "援助档案",
    "contact": "联系记录",
    "listentry": "清单条目",
    "account": "账号",
    "unit": "单位",
    "employer": "用人单位",
    "vacancy": "岗位",
    "programme": "培训项目",
    "importbatch": "导入",
    "storedfile": "文件",
    "institution": "机构",
    "emergency": "紧急查阅",
    "emergencyreview": "紧急查阅复核",
    "membership": "身份",
    "transferrequest": "迁移申请",
    "transferask": "迁入申请",
    "packversion": "政策包版本",
    "consent": "同意记录",
    "case": "认定申请",
    "certificate": "认定证明",
    "evidence": "认定材料",
    "publicnotice": "认定公示",
    "objection": "公示意见",
    "pair": "疑似重复",
    "rowdoubt": "名册待核对行",
    "merge": "合并",
    "household": "家庭",
    "surveyvisit": "入户调查",
    "surveyanswer": "入户回答",
    "surveyconflict": "入户回答不一致",
    "sensitiverecord": "专门人员记录",
    "visit": "走访",
    "reflowpackage": "数据回流",
    "reflowitem": "回流清单条目",
    "reporttemplate": "上级报表模板",
}
_KINDS = (
    ("read", "查看"),
    ("reveal", "看完整号码或住址"),
    ("export", "导出和下载"),
    ("change", "改动"),
    ("sign-in", "登录和被拒绝"),
    ("system", "系统"),
)
_DETAIL = {
    "reason": "原因",
    "field": "查看",
    "fields": "改了",
    "rows": "行数",
    "source": "来源",
    "route": "页面",
    "role": "角色",
    "ip": "地址",
    "because": "因为",
    "status": "状态",
    "findings": "异常",
    "emergency": "紧急查阅",
    "covering": "代班",
}


def detail_words(detail: Mapping[str, Any]) -> str:
    """The detail of an entry in one line; what has no name here is left to the export."""
    parts = []
    for key, label in _DETAIL.items():
        value = detail.get(key)
        if value in (None, "", []):
            continue
        said = "、".join(
            _value_words(key, str(each)) for each in (value if isinstance(value, list) else [value])
        )
        parts.append(f"{label}：{said}")
    return "；".join(parts)


def _value_words(key: str, value: str) -> str:
    if key == "route":
        return route_words(value)
    if key == "role":
        return roles()[value].title if value in roles() else value
    if key in ("field", "fields"):
        return REVEALABLE.get(value, value)
    return value


def thing_words(entry: AuditEntry) -> str:
    if not entry.thing_type:
        return ""
    return f"{THINGS.get(entry.thing_type, entry.thing_type)} {entry.thing_id}"


def _search(rows: Rows, text: str) -> Rows:
    if text.isdecimal():
        return rows.filter(Q(thing_id=text) | Q(person_id=int(text[:18])))
    return rows.filter(actor_name__contains=text)


def _below(column: str, path: str) -> dict[str, str]:
    return {f"{column}__gte": path, f"{column}__lt": path[:-1] + "0"}


def audit_spec(
    actor: Actor, names: Mapping[str, str], accounts: Sequence[tuple[str, str]] = ()
) -> ListSpec:
    """``names``: path → name of the units that the rows mention; filled while the page is drawn.

    ``accounts``: the one account that the list is narrowed to by a link, as (id, name).
    """
    titles = {key: role.title for key, role in roles().items()} | {
        "system": "系统",
        "self": "本人账号",
        "visitor": "没有登录",
    }
    units = [
        (unit.path, unit.name)
        for unit in Unit.objects.filter(parent__path=actor.path).order_by("path")[:200]
    ]

    def when(entry: AuditEntry) -> str:
        return timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M:%S")

    def who(entry: AuditEntry) -> SafeString:
        return format_html(
            '{}<br><span class="wy-soft wy-small">{}</span>',
            entry.actor_name,
            titles.get(entry.role, entry.role),
        )

    return ListSpec(
        name="audit",
        columns=(
            # By number: entries are drawn one after another, and the key needs no sorting.
            Column("at", "时间", when, order=("id",), tight=True),
            Column("who", "操作人", lambda e: e.actor_name, html=who),
            Column("verb", "动作", lambda e: verb_words(e.verb)),
            Column("thing", "对象", thing_words),
            Column("unit", "对象所属单位", lambda e: names.get(e.unit_path, e.unit_path)),
            Column("detail", "说明", lambda e: detail_words(e.detail), full=True),
            Column("role", "角色", lambda e: titles.get(e.role, e.role), shown=False),
            Column(
                "acting", "代表单位", lambda e: names.get(e.actor_path, e.actor_path), shown=False
            ),
            Column("account", "账号编号", lambda e: e.actor_id, shown=False),
            Column("number", "记录编号", lambda e: e.pk, shown=False),
        ),
        filters=(
            Dates("on", "日期", "at"),
            Choice("kind", "类别", _KINDS, lambda rows, kind: rows.filter(verb__in=verbs_of(kind))),  # type: ignore[arg-type]
            Choice(
                "verb",
                "动作",
                sorted(((v, known.words) for v, known in VERBS.items()), key=lambda x: x[1]),
                lambda rows, verb: rows.filter(verb=verb),
            ),
            Choice(
                "unit", "单位", units, lambda rows, path: rows.filter(**_below("unit_path", path))
            ),
            Choice(
                "role", "角色", sorted(titles.items()), lambda rows, role: rows.filter(role=role)
            ),
            Choice(
                "what",
                "对象类别",
                sorted(THINGS.items(), key=lambda x: x[1]),
                lambda rows, kind: rows.filter(thing_type=kind),
            ),
            Choice(
                "account",
                "账号",
                accounts,
                lambda rows, key: rows.filter(actor_id=int(key)),
                hidden=True,
            ),
        ),
        search=Search("搜索操作记录", _search, placeholder="操作人姓名，或对象编号"),
        order="-at",
        measure="条",
        counted="本辖区的人和事上发生过的每一次查看、改动、导出和登录；只增不改。",
        empty="没有符合条件的记录",
    )


def recent(days: int) -> str:
    """The first day of the last ``days``, as a filter takes it."""
    return (timezone.localdate() - timedelta(days=days - 1)).isoformat()
