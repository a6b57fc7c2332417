"""Tags of the community desk's templates."""

from datetime import date

from django import template
from django.template.context import RequestContext

from weiye.base.scope.actor import Actor
from weiye.services.assistance.models import ContactKind
from weiye.services.assistance.quota import KindProgress

from ..lists import is_above_community

register = template.Library()

WEEKDAYS = "一二三四五六日"
KIND_ICONS = {
    "policy": "file-text",
    "guidance": "message-circle",
    "vacancy": "briefcase",
    "training": "school",
}


@register.simple_tag(takes_context=True)
def above_community(context: RequestContext) -> bool:
    """Whether the signed-in one's unit has units below whose work is summed up."""
    actor = context.get("actor")
    return actor is not None and is_above_community(actor)


# Where people's data come in, go out and are put right: key, route, label, right.
DATA = (
    ("imports", "community:imports", "导入", "vacancies.edit"),
    ("duplicates", "community:duplicates", "重复人员", "people.merge"),
    ("transfers", "community:transfers", "迁移", "transfers.decide"),
    ("reports", "community:reports", "填上级报表", "people.export"),
    ("reflow", "community:reflow", "数据回流", "people.list"),
)


@register.filter
def data_tabs(actor: Actor) -> list[tuple[str, str, str]]:
    """The pages of data that the actor may open: key, route, label."""
    return [(key, route, label) for key, route, label, right in DATA if actor.can(right)]


@register.filter
def weekday(value: date) -> str:
    return f"星期{WEEKDAYS[value.weekday()]}"


@register.filter
def kind_name(kind: str) -> str:
    """政策对接, 职业指导, 岗位推荐, 培训信息."""
    return str(ContactKind(kind).label)


@register.filter
def kind_icon(kind: str) -> str:
    return KIND_ICONS[kind]


@register.filter
def dots(kind: KindProgress) -> list[str]:
    """One mark per occasion owed: done, late, or open."""
    done, late = min(kind.done, kind.owed), kind.behind
    return ["wy-on"] * done + ["wy-late"] * late + [""] * (kind.owed - done - late)


OUTCOMES = {
    "new": ("新增", "wy-badge-green", "wy-row-new"),
    "changed": ("更新", "wy-badge-blue", ""),
    "unchanged": ("无变化", "", ""),
    "error": ("有误", "wy-badge-red", "wy-row-bad"),
    "transfer": ("要迁移", "wy-badge-amber", "wy-row-warn"),
    "review": ("待核对", "wy-badge-amber", "wy-row-warn"),
}
CELLS = {"error": "wy-cell-bad", "warning": "wy-cell-warn", "changed": "wy-cell-new"}


@register.filter
def outcome_name(outcome: str) -> str:
    return OUTCOMES[outcome][0]


@register.filter
def outcome_tone(outcome: str) -> str:
    return OUTCOMES[outcome][1]


@register.filter
def row_tone(outcome: str) -> str:
    return OUTCOMES[outcome][2]


@register.filter
def cell_tone(state: str) -> str:
    return CELLS.get(state, "")
