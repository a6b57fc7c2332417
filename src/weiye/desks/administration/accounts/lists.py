"""The lists of accounts and of institutions."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from weiye.base.accounts import queries
from weiye.base.accounts.models import Account, Institution, InstitutionKind
from weiye.base.accounts.roles import roles
from weiye.base.accounts.rules import rules
from weiye.base.regions.queries import children
from weiye.base.scope.actor import Actor

from ...components.lists import Choice, Column, ListSpec, Search


def state_of(account: Any, now: datetime) -> tuple[str, str]:
    """(words, tone) of an account as `queries.accounts_of` reads it."""
    if not account.is_active:
        return "已停用", "red"
    if account.locked and account.locked > now:
        return "已锁定", "red"
    if not account.serving:
        return "没有身份", "amber"
    if account.last_login is None:
        return "没登录过", "amber"
    return "正常", "green"


def _when(value: datetime | None) -> str:
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if value else ""


def _roles(account: Any) -> str:
    return "；".join(
        f"{m.unit.name} · {m.role_title}" + (f"（{m.capacity}）" if m.capacity else "")
        for m in account.serving
    )


def _name(account: Account) -> SafeString:
    url = reverse("administration:account", args=[account.pk])
    return format_html('<a href="{}">{}</a>', url, account.name)


def _search(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(
        Q(name__contains=text) | Q(username__startswith=text.lower()) | Q(unit__name__contains=text)
    )


def account_spec(actor: Actor, *, now: datetime) -> ListSpec:
    stale = now - timedelta(days=rules().unused_days)
    below = {unit.path: unit.name for unit in children(actor)}

    def of_state(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return {
            "on": lambda: rows.filter(is_active=True),
            "off": lambda: rows.filter(is_active=False),
            "locked": lambda: rows.filter(locked__gt=now),
            "change": lambda: rows.filter(is_active=True, must_change=True),
            "plain": lambda: rows.filter(is_active=True, second_factor=False),
        }[value]()

    def of_login(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return {
            "never": lambda: rows.filter(last_login__isnull=True),
            "lately": lambda: rows.filter(last_login__gte=stale),
            "long": lambda: rows.filter(last_login__lt=stale),
        }[value]()

    def of_unit(rows: QuerySet[Any], path: str) -> QuerySet[Any]:
        return rows.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0")

    def state(account: Any) -> SafeString:
        words, tone = state_of(account, now)
        return format_html('<span class="wy-badge wy-badge-{}">{}</span>', tone, words)

    days = rules().unused_days
    return ListSpec(
        name="accounts",
        columns=(
            Column("name", "姓名", lambda a: a.name, _name, order=("name",), tight=True),
            Column("username", "用户名", lambda a: a.username, order=("username",), tight=True),
            Column("unit", "所属单位", lambda a: a.unit.name, order=("unit_path",)),
            Column("roles", "身份", _roles, full=True),
            Column("state", "状态", lambda a: state_of(a, now)[0], state, tight=True),
            Column(
                "login",
                "上次登录",
                lambda a: _when(a.last_login),
                order=(F("last_login"),),
                tight=True,
            ),
            Column(
                "factor",
                "动态口令",
                lambda a: "已设置" if a.second_factor else "未设置",
                order=("second_factor",),
                tight=True,
            ),
            Column(
                "created",
                "开通",
                lambda a: _when(a.created_at),
                order=("created_at",),
                tight=True,
                shown=False,
            ),
        ),
        filters=(
            Choice(
                "role",
                "角色",
                [(role.key, role.title) for role in roles().values()],
                lambda rows, value: rows.filter(queries.holds(value, now=now)),
            ),
            Choice("unit", "所属下级单位", list(below.items()), of_unit),
            Choice(
                "state",
                "状态",
                [
                    ("on", "已启用"),
                    ("off", "已停用"),
                    ("locked", "锁定中"),
                    ("change", "还没换临时密码"),
                    ("plain", "没设动态口令"),
                ],
                of_state,
            ),
            Choice(
                "login",
                "登录",
                [
                    ("never", "从没登录过"),
                    ("lately", f"{days}天内登录过"),
                    ("long", f"{days}天没有登录"),
                ],
                of_login,
            ),
        ),
        search=Search("搜索账号", _search, placeholder="姓名、用户名或单位"),
        order="unit",
        measure="个账号",
        counted="本单位和下级单位的账号，含已停用的；身份只列出本辖区内现在有效的。",
        empty="没有符合条件的账号",
    )


def institution_spec() -> ListSpec:
    def state(row: Institution) -> str:
        return "启用" if row.is_active else "已停用"

    def name(row: Institution) -> SafeString:
        url = reverse("administration:institution", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, row.name)

    def switch(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(is_active=value == "on")

    return ListSpec(
        name="institutions",
        columns=(
            Column("name", "名称", lambda r: r.name, name, order=("name",)),
            Column("kind", "类别", lambda r: r.get_kind_display(), order=("kind",), tight=True),
            Column("code", "统一社会信用代码", lambda r: r.credit_code or "", tight=True),
            Column("unit", "所在地", lambda r: r.unit.name, order=("unit_path",)),
            Column("people", "账号数", lambda r: r.people, right=True, tight=True),
            Column("state", "状态", state, tight=True),
        ),
        filters=(
            Choice(
                "kind",
                "类别",
                InstitutionKind.choices,
                lambda rows, value: rows.filter(kind=value),
            ),
            Choice("state", "状态", [("on", "启用"), ("off", "已停用")], switch),
        ),
        search=Search(
            "搜索机构",
            lambda rows, text: rows.filter(Q(name__contains=text) | Q(credit_code=text.upper())),
            placeholder="名称或统一社会信用代码",
        ),
        order="name",
        measure="家",
        counted="所在地在本单位或下级单位的用人单位和机构。账号数是现在有效的身份数。",
        empty="还没有登记用人单位和机构",
    )
