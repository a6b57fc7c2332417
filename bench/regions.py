"""Everything below a city, search, and the tree of a day, on the 64 095 units; plans beside them.

    python bench/regions.py [QUERIES]

Asks the database of WEIYE_APP_URL (after ./weiye setup). Every answer is compared in the same run
with a plain Python scan over all units; all that is changed is rolled back.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from weiye.base.regions import actions, queries  # noqa: E402
from weiye.base.regions.models import Unit  # noqa: E402
from weiye.base.scope.actor import system  # noqa: E402
from weiye.base.scope.fence import fence  # noqa: E402

LIMIT = 20
# Of each call the quickest counts: what else the machine does is no matter of the tree.
BEST_OF = 5


def _once(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def timed(name: str, calls: Iterable[Callable[[], Any]]) -> None:
    seconds = []
    for call in calls:
        seconds.append(min(_once(call) for _ in range(BEST_OF)))
    cuts = statistics.quantiles(seconds, n=20)
    print(
        f"{name:44} p50 {statistics.median(seconds) * 1000:8.2f} ms   "
        f"p95 {cuts[18] * 1000:8.2f} ms   ({len(seconds)} times)"
    )


def in_database(name: str, calls: Iterable[Callable[[], Any]]) -> None:
    """What the first query of each call takes inside PostgreSQL, planning included."""
    spent = []
    for call in calls:
        with CaptureQueriesContext(connection) as caught:
            call()
        with connection.cursor() as cursor:
            sql = caught.captured_queries[0]["sql"]
            tries = []
            for _ in range(BEST_OF):
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
                (found,) = cursor.fetchone()
                tries.append(found[0]["Planning Time"] + found[0]["Execution Time"])
        spent.append(min(tries))
    cuts = statistics.quantiles(spent, n=20)
    print(
        f"{'  in the database: ' + name:44} p50 {statistics.median(spent):8.2f} ms   "
        f"p95 {cuts[18]:8.2f} ms   ({len(spent)} times)"
    )


def plan(sql: str, params: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}", params)
        for (line,) in cursor.fetchall():
            print(f"    {line}")


def expected(units: list[Unit], text: str) -> list[int]:
    """What `queries.search` is to give, by looking at every unit."""
    low = text.lower()
    if text.isascii():
        ways: list[Callable[[Unit], bool]] = [
            lambda u: u.code == low,
            lambda u: u.initials == low,
            lambda u: u.code.startswith(text),
            lambda u: u.initials.startswith(low),
            lambda u: text in u.name,
        ]
    else:
        ways = [
            lambda u: u.name == text,
            lambda u: u.name.startswith(text),
            lambda u: text in u.name,
        ]
    found: dict[int, tuple[int, int, str]] = {}
    for rank, way in enumerate(ways):
        for unit in [u for u in units if way(u)][:LIMIT]:
            found.setdefault(unit.pk, (rank, unit.path.count("/"), unit.path))
    return sorted(found, key=found.__getitem__)[:LIMIT]


def naive(text: str) -> list[int]:
    """The same question as it would be asked without thinking of an index."""
    wanted = (
        Q(name__contains=text) | Q(initials__startswith=text.lower()) | Q(code__startswith=text)
    )
    return list(Unit.objects.filter(wanted).order_by("path").values_list("pk", flat=True)[:LIMIT])


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    dice = random.Random(12333)
    with fence(system()):
        units = list(Unit.objects.open().order_by("path"))
        print(f"{len(units):,} units")
        cities = [unit for unit in units if unit.level == "city"]

        for city in cities:
            scanned = [u.pk for u in units if u.path.startswith(city.path)]
            rows = Unit.objects.open().below(city.path).order_by("path")
            assert list(rows.values_list("pk", flat=True)) == scanned, city
        count = [dice.choice(cities) for _ in range(number)]
        timed("everything below a city, counted", [_counter(c.path) for c in count])
        timed("everything below a city, ids", [_reader(c.path) for c in count[: number // 3]])
        plan("SELECT count(*) FROM regions_unit WHERE path >= '37/10/' AND path < '37/100'")

        names = [u.name for u in dice.sample(units, number)]
        parts = []
        for name in names:
            at = dice.randrange(max(1, len(name) - 2))
            parts.append(name[at : at + dice.choice((1, 2, 2, 3, 4))])
        kinds = {
            "search by a part of the name": parts,
            "search by the whole name": names,
            "search by initials": [u.initials[: dice.choice((2, 3, 4))] for u in units[::200]],
            "search by the beginning of a code": [
                u.code[: dice.choice((4, 6, 9))] for u in units[::200]
            ],
            "search by the commonest (村委会, 社区, 居委)": ["村委会", "社区", "居委", "村", "会"]
            * 20,
        }
        same = 0
        for texts in kinds.values():
            for text in dict.fromkeys(texts[:: max(1, len(texts) // 60)]):
                if text.strip():
                    found = [unit.pk for unit in queries.search(text, limit=LIMIT)]
                    assert found == expected(units, text), text
                    same += 1
        print(f"{same} searches give what a scan of all units gives, in the same order")
        for name, texts in kinds.items():
            calls = [_searcher(text) for text in texts if text.strip()]
            timed(name, calls)
            in_database(name[:26], calls[:100])
        plainly = [_naive(text) for text in parts[:100]]
        timed("without the index: a part of the name", plainly)
        in_database("without the index", plainly)
        plan(
            "SELECT id FROM regions_unit u WHERE weiye_grams(u.name) @> %s::text[] "
            "AND u.name LIKE %s ORDER BY path LIMIT 20",
            [["望岛"], "%望岛%"],
        )
        day = timezone.localdate() - timedelta(days=1)
        with transaction.atomic():
            changed = dice.sample([u for u in units if u.level == "community"], 2000)
            _rename(changed)
            timed("as of a day, after 2 000 changes: remap", [lambda: queries.remap(day)] * 20)
            timed(
                "as of a day: the tree of a city",
                [lambda: queries.tree(day, path="37/10/")] * 20,
            )
            timed(
                "as of a day: the units below one street",
                [_offspring(u.pk, day) for u in units if u.level == "street"][:200],
            )
            old = {unit.id: unit.name for unit in queries.tree(day)}
            assert old == {unit.pk: unit.name for unit in units}
            transaction.set_rollback(True)
        with transaction.atomic():
            street = max(
                (u for u in units if u.level == "street" and u.path.startswith("37/10/02/")),
                key=lambda u: _people(u.path),
            )
            people = _people(street.path)
            started = time.perf_counter()
            target = Unit.objects.get(code="371003000000")
            outcome = actions.move(
                actor=system(), unit=street, parent=target, day=timezone.localdate()
            )
            took = time.perf_counter() - started
            print(
                f"moving a street: {outcome.along} units, {people:,} people, "
                f"{sum(outcome.rows.values()):,} rows in {took * 1000:.0f} ms"
            )
            transaction.set_rollback(True)


def _counter(path: str) -> Callable[[], int]:
    return lambda: Unit.objects.below(path).count()


def _reader(path: str) -> Callable[[], list[int]]:
    return lambda: list(Unit.objects.below(path).order_by("path").values_list("pk", flat=True))


def _searcher(text: str) -> Callable[[], list[Unit]]:
    return lambda: queries.search(text, limit=LIMIT)


def _naive(text: str) -> Callable[[], list[int]]:
    return lambda: naive(text)


def _offspring(key: int, day: Any) -> Callable[[], Any]:
    return lambda: queries.offspring_on(key, day)


def _people(path: str) -> int:
    from weiye.registers.people.models import Person

    return Person.objects.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0").count()


def _rename(units: list[Unit]) -> None:
    keys = [unit.pk for unit in units]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO regions_unitpast (unit_id, during, code, name, parent_id, path, "
            "urban_rural, closed, verb) SELECT id, daterange(NULL, current_date), code, name, "
            "parent_id, path, urban_rural, false, 'amend' FROM regions_unit WHERE id = ANY(%s)",
            [keys],
        )
        cursor.execute("UPDATE regions_unit SET name = '新' || name WHERE id = ANY(%s)", [keys])


if __name__ == "__main__":
    main()
