"""数据回流: what changed in the community's ledger since last time, and who has looked (PPL-3)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from weiye.base.scope.access import right
from weiye.services.exchange.reflow import actions, queries
from weiye.services.exchange.reflow.models import ItemKind, ReflowItem, ReflowPackage
from weiye.services.exchange.reflow.workbook import change_words

from ...components.lists import Choice, Column, ListPage, ListSpec, Search
from ...components.params import next_page
from ..desk import actor_of
from ..lists import is_above_community

TONES = {ItemKind.NEW: "green", ItemKind.CHANGED: "blue", ItemKind.LEFT: "amber"}


@right("people.list")
@require_safe
def packages(request: HttpRequest) -> HttpResponse:
    """The community's packages; above it, how far each community is with its latest."""
    actor = actor_of(request)
    above = is_above_community(actor)
    context = {
        "above": above,
        "standings": queries.standings(actor) if above else [],
        "packages": [] if above else queries.packages(actor)[:50],
    }
    return render(request, "community/reflow.html", context)


@right("people.list")
@require_safe
def package(request: HttpRequest, package_id: int) -> HttpResponse:
    """One package as a worklist."""
    actor = actor_of(request)
    try:
        actions.sign_for(actor=actor, package_id=package_id)
        found = queries.packages(actor).select_related("file").get(pk=package_id)
    except ReflowPackage.DoesNotExist:
        raise Http404 from None
    rows = queries.items(actor, package_id)
    page = ListPage(_spec(actor.can("contacts.record")), rows, request.GET, actor=actor)
    context = {
        "package": found,
        "list": page,
        "kinds": [(ItemKind(kind).label, found.counts.get(kind, 0)) for kind in ItemKind.values],
        "may_have": actor.can("people.export") and found.file is not None,
    }
    return render(request, "community/reflow_package.html", context)


def _spec(may_tick: bool) -> ListSpec:
    def ticked(rows: Any, value: str) -> Any:
        return rows.filter(done_at__isnull=value == "open")

    return ListSpec(
        name="reflow",
        columns=(
            Column("name", "姓名", lambda i: i.name, html=_name, order=("name",)),
            Column(
                "kind",
                "类别",
                lambda i: i.get_kind_display(),
                html=lambda i: format_html(
                    '<span class="wy-badge wy-badge-{}">{}</span>',
                    TONES[ItemKind(i.kind)],
                    i.get_kind_display(),
                ),
                order=("kind",),
                tight=True,
            ),
            Column("changes", "变化", _words, html=_changes, full=True),
            Column(
                "done",
                "核实",
                lambda i: i.done_by if i.done_at else "未核实",
                html=_tick if may_tick else None,
                full=True,
            ),
        ),
        filters=(
            Choice("kind", "类别", ItemKind.choices, lambda rows, value: rows.filter(kind=value)),
            Choice("done", "核实", [("open", "未核实"), ("done", "已核实")], ticked),
        ),
        search=Search("姓名", lambda rows, text: rows.filter(name__contains=text)),
        order="kind",
        measure="人",
        counted="与上次回流相比有变化的人，按人计数。",
        empty="没有变化",
    )


def _name(item: ReflowItem) -> SafeString:
    if item.person_id is None or item.kind == ItemKind.LEFT:
        return format_html("{}", item.name)
    url = reverse("community:person", args=[item.person_id])
    return format_html('<a href="{}">{}</a>', url, item.name)


def _sentences(item: ReflowItem) -> list[str]:
    said = [change_words(change) for change in item.changes]
    said += [f"进入“{group}”" for group in item.joined]
    said += [f"退出“{group}”" for group in item.left]
    if item.kind == ItemKind.LEFT:
        said.append("已迁出、合并或注销")
    return said


def _words(item: ReflowItem) -> str:
    return "；".join(_sentences(item))


def _changes(item: ReflowItem) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((sentence,) for sentence in _sentences(item)))


def _tick(item: ReflowItem) -> SafeString:
    url = reverse("community:reflow-tick", args=[item.pk])
    if item.done_at is not None:
        return format_html(
            '<span class="wy-badge wy-badge-green">已核实</span> {}'
            '<button class="btn btn-sm btn-plain" form="tick" formaction="{}?undo=1">撤回</button>',
            item.done_by,
            url,
        )
    return format_html(
        '<button class="btn btn-sm btn-plain" form="tick" formaction="{}">核实了</button>', url
    )


@right("people.export")
@require_POST
def password(request: HttpRequest, package_id: int) -> HttpResponse:
    """The password of the file, once, on a page that is kept nowhere."""
    try:
        said = actions.tell_password(actor=actor_of(request), package_id=package_id)
    except ReflowPackage.DoesNotExist:
        raise Http404 from None
    context = {"password": said, "package_id": package_id}
    response = render(request, "community/reflow_password.html", context)
    response["Cache-Control"] = "no-store"
    return response


@right("contacts.record")
@require_POST
def tick(request: HttpRequest, item_id: int) -> HttpResponse:
    """Ticked off, or taken back."""
    try:
        item = actions.tick_off(
            actor=actor_of(request), item_id=item_id, done=request.GET.get("undo") != "1"
        )
    except ReflowItem.DoesNotExist:
        raise Http404 from None
    return redirect(next_page(request, reverse("community:reflow-package", args=[item.package_id])))
