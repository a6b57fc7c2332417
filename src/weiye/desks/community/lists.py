"""The desk's lists: what they show, by what they can be narrowed."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from weiye.base.packs.model import Pack
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.employers.models import LABELS, VacancyKind, VacancyState
from weiye.registers.people import queries as people
from weiye.registers.people.models import PeriodKind
from weiye.services.assistance import queries as assistance
from weiye.services.assistance.visits import queries as visits

from ..components.lists import (
    Area,
    Choice,
    Choices,
    Column,
    Concealing,
    ListSpec,
    OnDay,
    Range,
    Search,
    Text,
)
from ..components.words import hours_words, wage_words

Rows = QuerySet[Any]

WEEK = timedelta(days=6)
"""Today and the six days before or after it: "7天内"."""


LEDGER_SEARCH = Search(
    "搜索",
    people.search,
    placeholder="姓名、拼音，或完整的身份证号、电话",
    concealing=Concealing(people.concealed, people.is_concealed, "按号码查找"),
)


# Of a city's million whatever narrows is counted up to here; forty pages of them are at hand.
LEDGER_CAP = 2000
# A community has a handful of workers; above it a name is typed.
WORKERS_NAMED = 50


def status_day(as_of: date) -> OnDay:
    return OnDay("on", "状态和登记查哪一天", as_of, "{day}的状态和登记")


def ledger_spec(
    actor: Actor, *, as_of: date, pack: Pack, status_on: date | None = None
) -> ListSpec:
    """The ledger (人力资源台账) for the actor's area, of `assistance.queries.residents`.

    Two queries at most: the units below, and the workers of a community.

    ``status_on``: the day of which statuses and registrations are asked (today).
    """
    told = status_on or as_of
    past = f"（{told:%Y-%m-%d}）" if told != as_of else ""
    since = as_of - WEEK
    news: dict[str, tuple[str, Callable[[Rows], Rows]]] = {
        "opened": ("7天内新建档案", lambda rows: assistance.newly_opened(rows, since)),
        "entitled": ("7天内新符合政策", lambda rows: assistance.newly_entitled(rows, since)),
        "to_close": ("可以结案", assistance.to_close),
    }
    paces: dict[str, tuple[str, Callable[[Rows], Rows]]] = {
        "behind": ("已落后", lambda rows: rows.filter(behind__gt=0)),
        "soon": (
            "7天内到期",
            lambda rows: rows.filter(behind=0, progress__next_due__lte=(as_of + WEEK).isoformat()),
        ),
        "on_track": (
            "进度正常",
            lambda rows: rows.filter(behind=0).exclude(progress__next_due=None),
        ),
        "complete": ("已完成", lambda rows: rows.filter(behind=0, progress__next_due=None)),
    }
    groups = [(rule.id, rule.id) for rule in pack.groups]
    below = [
        (unit.path, unit.name)
        for unit in Unit.objects.filter(parent__path=actor.path).order_by("path")[:200]
    ]
    known = [] if is_above_community(actor) else assistance.worker_names(actor, WORKERS_NAMED)
    return ListSpec(
        name="ledger",
        cap=LEDGER_CAP,
        dress=assistance.dressed,
        columns=(
            Column("name", "姓名", lambda p: p.name, html=_name, order=("name_key",)),
            Column("age", "年龄", lambda p: p.age, order=("-birth_date",), right=True),
            Column("sex", "性别", lambda p: p.sex, shown=False),
            Column(
                "status", f"就业状态{past}", lambda p: p.employment_status or "未登记", tight=True
            ),
            Column("groups", "群体", lambda p: "、".join(p.group_names), html=_groups, full=True),
            Column(
                "file",
                "建档日期",
                _opened,
                order=(F("open_file__opened_on"),),
                tight=True,
                shown=False,
            ),
            Column("progress", "12333", _progress_text, html=_progress, order=(F("behind"),)),
            Column(
                "visit",
                "回访",
                lambda p: _visit_text(p, as_of),
                html=lambda p: _visit(p, as_of),
                order=(F("visit_due__due_on"),),
                tight=True,
                holds=Q(visit_due__isnull=False),
            ),
            Column("worker", "责任人", lambda p: p.worker_name or "", tight=True),
            Column("unit", "所在网格", lambda p: p.unit.name, order=("unit__path",), tight=True),
            Column("source", "数据来源", lambda p: p.source, shown=False),
            Column("as_of", "数据日期", lambda p: p.as_of, order=("as_of",), shown=False),
        ),
        filters=(
            Choices("group", "群体", groups, assistance.in_groups),
            Choice(
                "pace",
                "12333 进度",
                [(key, label) for key, (label, _) in paces.items()],
                lambda rows, value: paces[value][1](rows),
            ),
            Choice(
                "file",
                "援助档案",
                list(FILES.items()),
                lambda rows, value: _by_file(rows, value, actor),
            ),
            Choice(
                "status",
                "就业状态",
                [*people.status_choices(), ("unknown", "未登记")],
                lambda rows, value: people.with_status(
                    rows, "" if value == "unknown" else value, told
                ),
            ),
            Choice(
                "registered",
                "登记",
                [(str(kind.value), kind.label) for kind in REGISTRATIONS],
                lambda rows, value: assistance.registered(rows, PeriodKind(int(value)), told),
            ),
            status_day(as_of),
            Range("age", "年龄", lambda rows, low, high: people.aged(rows, low, high, as_of), "岁"),
            Choice("below", "下级单位", below, _below),
            Area("area", "网格、楼栋", lambda: Unit.objects.visible_to(actor)),
            Choice(
                "visit",
                "回访",
                [("overdue", "已逾期"), ("week", "7天内到期")],
                lambda rows, value: _by_visit(rows, value, as_of),
            ),
            Text("worker", "责任人", assistance.of_worker, known),
            Choice(
                "news",
                "最近变化",
                [(key, label) for key, (label, _) in news.items()],
                lambda rows, value: news[value][1](rows),
            ),
            Choice(
                "joined",
                "7天内进入群体",
                groups,
                lambda rows, value: assistance.joined_group(rows, value, since),
                hidden=True,
            ),
            Choice(
                "left",
                "7天内退出群体",
                groups,
                lambda rows, value: assistance.left_group(rows, value, since),
                hidden=True,
            ),
        ),
        search=LEDGER_SEARCH,
        order="name",
        measure="人",
        counted="常住地在本辖区的人，按人计数。群体由规则自动判断，每人页面上写明理由和依据。",
        empty="没有符合条件的人",
        keep=("unit",),
    )


REGISTRATIONS = (
    PeriodKind.EMPLOYMENT_REGISTRATION,
    PeriodKind.UNEMPLOYMENT_REGISTRATION,
    PeriodKind.JOB_SEEKING_REGISTRATION,
)
FILES = {
    "yes": "有档案",
    "no": "没有档案",
    "closed": "结过案",
    "mine": "我负责的",
    "nobody": "还没有责任人",
    "urgent": "急难",
}


def _by_visit(rows: Rows, value: str, as_of: date) -> Rows:
    if value == "overdue":
        return visits.overdue(rows, as_of)
    return visits.due_within(rows, as_of, as_of + WEEK)


def _visit_text(person: Any, as_of: date) -> str:
    due = person.visit_on
    if due is None:
        return ""
    late = (as_of - due).days
    return f"逾期{late}天" if late > 0 else f"{due:%Y-%m-%d}前"


def _visit(person: Any, as_of: date) -> SafeString:
    text = _visit_text(person, as_of)
    if person.visit_on is None or person.visit_on >= as_of:
        return conditional_escape(text)
    return format_html('<span class="wy-badge wy-badge-red">{}</span>', text)


def _by_file(rows: Rows, value: str, actor: Actor) -> Rows:
    if value == "closed":
        return assistance.with_closed_file(rows)
    if value == "nobody":
        return rows.filter(open_file__worker_name="")
    if value == "mine":
        return rows.filter(open_file__worker_id__in=actor.accounts)
    if value == "urgent":
        return rows.filter(open_file__urgent=True)
    return assistance.with_file(rows, value == "yes")


def _below(rows: Rows, path: str) -> Rows:
    return rows.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0")


def _name(person: Any) -> SafeString:
    url = reverse("community:person", args=[person.pk])
    marked = ""
    if person.died_on is not None:
        marked = format_html(' <span class="wy-badge">已去世</span>')
    elif person.urgent:
        marked = format_html(' <span class="wy-badge wy-badge-red">急难</span>')
    return format_html('<a href="{}">{}</a>{}', url, person.name, marked)


def _groups(person: Any) -> SafeString:
    badges = format_html_join(
        "", '<span class="wy-badge">{}</span>', ((name,) for name in person.group_names)
    )
    return format_html('<span class="wy-badges">{}</span>', badges) if badges else badges


def _opened(person: Any) -> str:
    return f"{person.opened_on:%Y-%m-%d}" if person.opened_on else ""


def _progress_text(person: Any) -> str:
    found = person.progress
    if not found:
        return ""
    late = f"，落后{found['behind']}次" if found["behind"] else ""
    return f"{found['done']}/{found['owed']}{late}"


def _progress(person: Any) -> SafeString:
    found = person.progress
    if not found:
        return SafeString("")
    count = format_html('<span class="wy-num">{}/{}</span>', found["done"], found["owed"])
    if found["behind"]:
        return format_html(
            '{} <span class="wy-badge wy-badge-red">落后{}次</span>', count, found["behind"]
        )
    if found["next_due"] is None:
        return format_html('{} <span class="wy-badge wy-badge-green">已完成</span>', count)
    return count


STATE_TONES = {
    VacancyState.DRAFT: "amber",
    VacancyState.PUBLISHED: "green",
    VacancyState.CLOSED: "",
}


def vacancy_spec(*, as_of: date) -> ListSpec:
    """The vacancies that the area works on."""

    def standing(rows: Rows, value: str) -> Rows:
        over = Q(expires_on__lt=as_of)
        if value == "expired":
            return rows.filter(over, state=VacancyState.PUBLISHED)
        if value == VacancyState.PUBLISHED:
            return rows.filter(state=value).exclude(over)
        return rows.filter(state=value)

    def state(vacancy: Any) -> tuple[str, str]:
        if vacancy.state == VacancyState.PUBLISHED and (
            vacancy.expires_on and vacancy.expires_on < as_of
        ):
            return "已到期", "amber"
        return vacancy.get_state_display(), STATE_TONES[vacancy.state]

    def badge(vacancy: Any) -> SafeString:
        words, tone = state(vacancy)
        return format_html(
            '<span class="wy-badge{}">{}</span>', f" wy-badge-{tone}" if tone else "", words
        )

    def title(vacancy: Any) -> SafeString:
        url = reverse("community:vacancy", args=[vacancy.pk])
        return format_html('<a href="{}">{}</a>', url, vacancy.title)

    def labels(vacancy: Any) -> SafeString:
        found = format_html_join(
            "", '<span class="wy-badge wy-badge-blue">{}</span>', ((x,) for x in vacancy.labels)
        )
        return format_html('<span class="wy-badges">{}</span>', found) if found else found

    return ListSpec(
        name="vacancies",
        columns=(
            Column("title", "岗位", lambda v: v.title, html=title, order=("title",)),
            Column("employer", "用人单位", lambda v: v.employer.name, order=("employer__name",)),
            Column("state", "状态", lambda v: state(v)[0], html=badge, order=("state",)),
            Column(
                "wage",
                "月薪",
                lambda v: wage_words(v.wage_min, v.wage_max),
                order=(F("wage_max"),),
            ),
            Column("kind", "用工形式", lambda v: v.kind),
            Column("openings", "人数", lambda v: v.openings, order=("openings",), right=True),
            Column("hours", "时间", lambda v: hours_words(v.hours), shown=False),
            Column("labels", "标签", lambda v: "、".join(v.labels), html=labels),
            Column("unit", "社区", lambda v: v.unit.name, order=("unit__path",), shown=False),
            Column(
                "expires", "截止", lambda v: v.expires_on or "招满为止", order=(F("expires_on"),)
            ),
        ),
        filters=(
            Choice("state", "状态", [*VacancyState.choices, ("expired", "已到期")], standing),
            Choice("kind", "用工形式", VacancyKind.choices, lambda r, v: r.filter(kind=v)),
            Choice(
                "label",
                "标签",
                [(name, name) for name in LABELS],
                lambda r, v: r.filter(labels__contains=[v]),
            ),
        ),
        search=Search(
            "搜索岗位",
            lambda r, text: r.filter(Q(title__contains=text) | Q(employer__name__contains=text)),
            placeholder="岗位或用人单位名称",
        ),
        order="title",
        measure="个岗位",
        counted="本辖区用人单位的岗位。“已发布”且未到期的，居民在家门口岗位页能看到。",
        empty="没有符合条件的岗位",
    )


def training_spec() -> ListSpec:
    """The county's training catalogue."""
    return ListSpec(
        name="training",
        columns=(
            Column("title", "培训项目", lambda t: t.title, order=("title",)),
            Column("provider", "培训机构", lambda t: t.provider, order=("provider",)),
            Column(
                "starts",
                "开班",
                lambda t: t.starts_on or "随时",
                order=(F("starts_on"),),
                tight=True,
            ),
            Column("hours", "学时", lambda t: t.hours, order=(F("hours"),), right=True),
            Column("seats", "名额", lambda t: t.seats, order=(F("seats"),), right=True),
            Column("subsidy", "补贴标准", lambda t: t.subsidy, full=True),
            Column("audience", "培训对象", lambda t: t.audience, full=True),
            Column("requirement", "参训要求", lambda t: t.requirement, shown=False, full=True),
            Column("place", "地点", lambda t: t.place),
            Column("content", "内容", lambda t: t.content, shown=False, full=True),
        ),
        search=Search(
            "搜索培训",
            lambda r, text: r.filter(Q(title__contains=text) | Q(provider__contains=text)),
            placeholder="项目或培训机构名称",
        ),
        order="starts",
        measure="个项目",
        counted="本辖区能用的培训目录：本县和上级公布、还没有结束的项目。",
        empty="没有符合条件的培训",
    )


def is_above_community(actor: Actor) -> bool:
    """Whether other units' work is summed up below the actor's unit."""
    return actor.path.count("/") < 5
