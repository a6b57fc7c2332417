# ruff: noqa: E402 (Django is set up before its models are imported)
"""The pipeline and one-click matching, measured on 10 000 synthetic residents.

    WEIYE_OWNER_URL=… WEIYE_APP_URL=… python bench/pipeline.py [RESIDENTS] [VACANCIES]

Makes a database of its own (named test_…, dropped at the end) with one street of Weihai, fills it,
and runs the pipeline three times: with empty lists, again on the same day, and a week later after
one person in a hundred changed status. Prints wall time per step, checks that the second run
changed nothing, and prints the answer times of the desk's reads. Compiling the kernels is done
before the clock starts.
"""

import os
import platform
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
os.environ["DJANGO_SETTINGS_MODULE"] = "weiye.config.settings_test"
os.environ.setdefault("NUMBA_CACHE_DIR", "/tmp/weiye-numba-cache")

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from weiye.base.regions.actions import load_official
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people import actions as people
from weiye.registers.people.models import Person
from weiye.services.assistance import queries
from weiye.services.assistance.actions import run_pipeline
from weiye.services.assistance.models import AssistanceFile
from weiye.services.demonstration.actions import plan_simulation, society_of
from weiye.services.demonstration.loading import write
from weiye.services.matching import queries as matching

STREET = "371002001000"
DAY = date(2026, 6, 30)


def fill(residents: int, vacancies: int) -> Actor:
    pack = settings.PACKS_DIR / "shandong"
    actor = system()
    with fence(actor):
        load_official(actor=actor, pack=pack)
        unit = Unit.objects.get(code=STREET)
        pack, places, counts = plan_simulation(STREET, residents)
        counts |= {"vacancies": vacancies, "employers": vacancies // 2}
        society = society_of(
            pack=pack, unit_code=STREET, places=places, seed=1, as_of=DAY, counts=counts
        )
        write(actor=actor, society=society, places=places, county=unit, as_of=DAY)
    return system(unit.path)


def run(name: str, actor: Actor, as_of: date) -> dict[str, object]:
    started = time.perf_counter()
    with fence(actor):
        outcome = run_pipeline(actor=actor, path=actor.path, as_of=as_of, threads=2)
    wall = time.perf_counter() - started
    changes = {key: value for key, value in outcome.changes.items() if value}
    print(f"{name:34}{wall:7.2f} s   " + "  ".join(f"{s:.2f}" for s in outcome.seconds.values()))
    print(f"{'':34}{changes or 'no changes'}")
    return outcome.totals


def answers(name: str, actor: Actor, asked: Callable[[int], object], keys: list[int]) -> None:
    took = []
    for key in keys:
        with fence(actor):
            started = time.perf_counter()
            asked(key)
            took.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(took, n=20)
    print(f"{name:34}p50 {statistics.median(took):7.1f} ms   p95 {cuts[18]:7.1f} ms")


def main() -> None:
    residents = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    vacancies = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    created = setup_databases(verbosity=0, interactive=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        print(
            f"{residents} residents × {vacancies} vacancies; Python {platform.python_version()}, "
            f"PostgreSQL {version}, {os.cpu_count()} CPUs"
        )
        actor = fill(residents, vacancies)
        with fence(actor):
            first = Person.objects.visible_to(actor).order_by("id").values_list("id", flat=True)[0]
            matching.for_person(actor, person_id=first, as_of=DAY)  # compiles
        print(f"{'':34}  total      read  groups  files  lists  write")
        totals = run("first run", actor, DAY)
        assert run("second run, same day", actor, DAY) == totals
        dice = random.Random(1)
        with fence(actor):
            ids = list(Person.objects.visible_to(actor).order_by("id").values_list("id", flat=True))
            for key in dice.sample(ids, max(1, len(ids) // 100)):
                people.change_status(
                    actor=actor, person_id=key, status="失业", on=DAY, today=DAY, source="bench"
                )
        run("a week later, 1 % changed", actor, DAY + timedelta(days=7))
        with fence(actor):
            holders = list(
                AssistanceFile.objects.visible_to(actor)
                .order_by("id")
                .values_list("person_id", flat=True)
            )
        some = dice.sample(holders, min(100, len(holders)))
        answers(
            "one-click match, one person",
            actor,
            lambda key: matching.for_person(actor, person_id=key, as_of=DAY),
            some,
        )
        answers(
            "person page",
            actor,
            lambda key: queries.person_page(actor, person_id=key, as_of=DAY),
            some,
        )
        answers(
            "ledger, 50 rows and count",
            actor,
            lambda key: (
                queries.ledger(actor, as_of=DAY).count(),
                list(queries.ledger(actor, as_of=DAY).order_by("name_key", "pk")[:50]),
            ),
            some[:30],
        )
        answers("today", actor, lambda key: queries.today(actor, as_of=DAY), some[:30])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{'peak memory':34}{peak:7} MB")
    finally:
        connection.close()
        teardown_databases(created, verbosity=0)


if __name__ == "__main__":
    main()
