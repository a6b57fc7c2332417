"""The log for those who watch over it: entries, what is worth a look, and the chain."""

from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from weiye.base.accounts.roles import roles
from weiye.base.audit import jobs, queries
from weiye.base.audit import unusual as watching
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from ...components.lists import ListPage
from ...components.params import whole_number
from .lists import audit_spec, recent

# Segments of a community's path; what lies below is named by it.
_COMMUNITY = 5


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


class UnitNames(Mapping[str, str]):
    """Path → name of the unit, below a community that of the community; read once for a page."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def fill(self, paths: set[str]) -> None:
        above = {
            path: "/".join(path.rstrip("/").split("/")[:_COMMUNITY]) + "/" for path in paths if path
        }
        rows = Unit.objects.filter(path__in=set(above.values())).order_by("path")
        found = dict(rows.values_list("path", "name"))
        self._names |= {path: found.get(home, path) for path, home in above.items()}

    def __getitem__(self, path: str) -> str:
        if path not in self._names:
            self.fill({path})
            self._names.setdefault(path, path)
        return self._names[path]

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


def audit_list(actor: Actor, params: QueryDict) -> ListPage:
    """The list as asked for; also what an export repeats."""
    names = UnitNames()
    rows = queries.entries(actor)
    accounts = []
    if (key := whole_number(params.get("account", ""))) is not None:
        latest = rows.filter(actor_id=key).order_by("-id").first()
        accounts = [(str(key), latest.actor_name if latest else str(key))]
    page = ListPage(audit_spec(actor, names, accounts), rows, params, actor)
    page.unit_names = names  # type: ignore[attr-defined]
    return page


@right("audit.read")
@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    page = audit_list(actor, request.GET)
    names: UnitNames = page.unit_names  # type: ignore[attr-defined]
    names.fill({path for row in page.objects for path in (row.unit_path, row.actor_path)})
    context = {
        "list": page,
        "chain": queries.chain(actor),
        "runs": _runs(actor, "audit.export"),
        "section": "entries",
    }
    return render(request, "administration/audit/entries.html", context)


def _runs(actor: Actor, kind: str) -> list[Run]:
    rows = Run.objects.visible_to(actor).filter(kind=kind, unit_path=actor.path)
    return list(rows.select_related("file").order_by("-id")[:2])


@right("audit.read")
@require_safe
def unusual(request: HttpRequest) -> HttpResponse:
    """Plain counts of the last days, each leading to its entries."""
    titles = {key: role.title for key, role in roles().items()}
    found = watching.unusual(_actor(request), since=watching.week_before(timezone.now()))
    checks = [
        (
            check,
            [(row, titles.get(row.role, row.role), _entries_of(check, row)) for row in check.rows],
        )
        for check in found
    ]
    context = {
        "checks": checks,
        "quiet": [check for check in found if not check.rows],
        "days": watching.DAYS,
        "section": "unusual",
    }
    return render(request, "administration/audit/unusual.html", context)


def _entries_of(check: watching.Unusual, row: watching.Row) -> str:
    """The address of the entries behind a row."""
    asked = {"account": str(row.actor_id), "on_from": str(row.day), "on_to": str(row.day)}
    if len(check.verbs) == 1:
        asked["verb"] = check.verbs[0]
    return f"{reverse('administration:audit')}?{urlencode(asked)}"


@right("audit.read")
@require_safe
def chain(request: HttpRequest) -> HttpResponse:
    """How far sealing and the second sink have got, and what the last check found."""
    actor = _actor(request)
    context = {
        "chain": queries.chain(actor),
        "last": queries.last_check(actor),
        "runs": _runs(actor, jobs.KIND),
        "section": "chain",
        "month": recent(30),
    }
    return render(request, "administration/audit/chain.html", context)


@right("audit.read")
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Hold every entry against the chain, in the background."""
    jobs.start_verifying(actor=_actor(request))
    messages.info(request, "正在逐条核对，进度显示在本页。")
    return redirect("administration:audit-chain")
