"""What fence, gate and page cost: the ledger's list against a bare view of the same rows.

    python bench/fences.py --keep        # leaves the scratch database of a million people
    python bench/views.py [REQUESTS]     # measures, then drops it unless --keep

Both views ask for the same 50 people, their columns and the count, inside this process, turn by
turn. The bare one is what Django offers at least: no middleware, no sign-in, no fence (it reads as
the tables' owner), a plain table for a template. Prints requests/s, p50, p95 and their ratios.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from types import ModuleType
from typing import Any

from fences import AREAS, aim_at_scratch, drop

PAGE = (
    "<table>{% for p in rows %}<tr><td>{{ p.name }}</td><td>{{ p.age }}</td>"
    "<td>{{ p.employment_status }}</td><td>{{ p.group_names|join:'、' }}</td>"
    "<td>{{ p.opened_on }}</td><td>{{ p.progress.done }}</td><td>{{ p.worker_name }}</td>"
    "<td>{{ p.unit.name }}</td></tr>{% endfor %}</table>{{ total }}"
)


def bare(path: str) -> Callable[[], Any]:
    """A view without anything around it."""
    from django.http import HttpResponse
    from django.template import engines
    from django.test import Client, override_settings
    from django.urls import path as route

    from weiye.base.scope.actor import system
    from weiye.services.assistance import queries as assistance
    from weiye.services.assistance.jurisdiction import pack_of

    actor = system(path, name="bench")
    template = engines["django"].from_string(PAGE)

    def view(request: Any) -> HttpResponse:
        rows = assistance.residents(actor, as_of=date.today(), pack=pack_of(path))  # noqa: DTZ011
        rows = rows.using("owner")
        page = list(assistance.dressed(rows).order_by("name_key", "pk")[:50])
        return HttpResponse(template.render({"rows": page, "total": rows.count()}))

    made = ModuleType("bare_urls")
    made.urlpatterns = [route("bare/", view)]  # type: ignore[attr-defined]
    sys.modules["bare_urls"] = made
    with override_settings(ROOT_URLCONF="bare_urls", MIDDLEWARE=[]):
        client = Client()
        client.get("/bare/")  # loads its handler with these settings

    def ask() -> Any:
        with override_settings(ROOT_URLCONF="bare_urls"):
            started = time.perf_counter()
            response = client.get("/bare/")
            return time.perf_counter() - started, response

    return ask


def scoped(code: str, path: str, role: str) -> Callable[[], Any]:
    """The ledger's own page, signed in."""
    from django.test import Client

    from weiye.base.accounts.models import Account, Membership
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    client = Client()
    with fence(system()):
        unit = Unit.objects.get(path=path)
        account, _ = Account.objects.get_or_create(
            username=f"bench-{code}",
            defaults={"name": "测试", "unit": unit, "unit_path": path, "password": "!"},
        )
        Membership.objects.get_or_create(
            account=account, role=role, unit=unit, defaults={"unit_path": path}
        )
        client.force_login(account)

    def ask() -> Any:
        started = time.perf_counter()
        response = client.get("/community/people/")
        return time.perf_counter() - started, response

    return ask


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", type=int, nargs="?", default=200)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    aim_at_scratch(create=False)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiye.config.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    # No manifest of static files is needed to measure a page.
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    print(f"{'':10}{'view':8}{'p50':>10}{'p95':>10}{'requests/s':>12}")
    try:
        for area, role in (("community", "station_worker"), ("county", "county_agency")):
            asks = {"bare": bare(AREAS[area]), "ledger": scoped(area, AREAS[area], role)}
            seconds: dict[str, list[float]] = {name: [] for name in asks}
            number = options.requests if area == "community" else options.requests // 4
            for turn in range(number + 3):
                for name in sorted(asks, reverse=bool(turn % 2)):
                    took, response = asks[name]()
                    assert response.status_code == 200, (name, response.status_code)
                    assert response.content.count(b"<tr") >= 50, name
                    if turn >= 3:
                        seconds[name].append(took)
            told = {}
            for name, taken in seconds.items():
                p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[18]
                told[name] = (p50, p95, len(taken) / sum(taken))
                print(f"{area:10}{name:8}{p50 * 1e3:8.1f}ms{p95 * 1e3:8.1f}ms{told[name][2]:12.1f}")
            ratios = [told["ledger"][n] / told["bare"][n] for n in (0, 1)]
            ratios.append(told["bare"][2] / told["ledger"][2])
            print(
                f"{area:10}ratio   {ratios[0]:10.2f}{ratios[1]:10.2f}{ratios[2]:12.2f}", flush=True
            )
    finally:
        if not options.keep:
            drop()


if __name__ == "__main__":
    main()
