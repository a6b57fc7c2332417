"""What row-level security costs: a list of 50 people, its count and searches on a million people.

    (WEIYE_OWNER_URL and WEIYE_APP_URL exported; the owner may create databases)
    python bench/fences.py [--keep] [PEOPLE]

Makes a scratch database ``bench_fences`` of invented people (each with their statuses over the
years, registrations, groups, files, contacts), asks the ledger's own queries as the
application's fenced login and as the owner of the tables, turn by turn, at a community, a county
and a city, checks that both give the same rows, prints medians, their ratio and that of the
quickest (which a busy machine disturbs less), and drops the database. ``--keep`` leaves it for
`bench/views.py`.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit, urlunsplit

NAME = "bench_fences"
DAY = date(2026, 6, 1)
# Community, county, city: a thousandth, a fifth and four fifths of the people.
COUNTIES, STREETS, COMMUNITIES = 5, 10, 20
AREAS = {"community": "37/10/01/001/001/", "county": "37/10/01/", "city": "37/10/"}
SURNAMES = "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu"
GIVEN = "伟wei 芳fang 娜na 秀xiu 英ying 敏min 静jing 丽li 强qiang 磊lei 军jun 洋yang 勇yong 艳yan"
# As many as a county may have of them, from a fifth to one in five hundred.
GROUPS = {
    "低技能": "p.id % 5 = 0",
    "大龄": "p.birth_date < date '1972-01-01' AND p.id % 4 = 3",
    "低保家庭": "p.id % 33 = 7",
    "长期失业": "p.id % 16 = 3",
    "就业困难人员": "p.id % 40 = 3",
    "残疾": "p.id % 100 = 3",
    "零就业家庭": "p.id % 500 = 3",
}
GIVEN += " 杰jie 涛tao 明ming 超chao 建jian 国guo 华hua 平ping 刚gang 桂gui 玉yu 文wen 海hai 春chun"


def aim_at_scratch(create: bool) -> None:
    """Point both logins at the scratch database, before Django reads its settings."""
    import psycopg

    for variable in ("WEIYE_OWNER_URL", "WEIYE_APP_URL"):
        parts = urlsplit(os.environ[variable])
        if create and variable == "WEIYE_OWNER_URL":
            with psycopg.connect(
                urlunsplit(parts._replace(path="/postgres")), autocommit=True
            ) as c:
                c.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
                c.execute(f"CREATE DATABASE {NAME}")
        os.environ[variable] = urlunsplit(parts._replace(path=f"/{NAME}"))


def drop() -> None:
    import psycopg
    from django.db import connections

    for connection in connections.all():
        connection.close()
    parts = urlsplit(os.environ["WEIYE_OWNER_URL"])
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as c:
        c.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def units() -> None:
    from weiye.base.regions.models import Unit

    def make(path: str, level: str) -> Any:
        parts = path.strip("/").split("/")
        parent = Unit.objects.using("owner").filter(path=path[: path[:-1].rfind("/") + 1]).first()
        code = "".join(parts).ljust(12, "0")
        unit = Unit(code=code, name=f"单位{code}", level=level, path=path, parent=parent)
        unit.save(using="owner")
        return unit

    make("37/", "province")
    for city in ("10", "11"):
        make(f"37/{city}/", "city")
    for county in range(1, COUNTIES + 1):
        city = "10" if county < COUNTIES else "11"
        make(f"37/{city}/{county:02}/", "county")
        for street in range(1, STREETS + 1):
            parent = make(f"37/{city}/{county:02}/{street:03}/", "street")
            Unit.objects.using("owner").bulk_create(
                Unit(
                    code=f"37{city}{county:02}{street:03}{n:03}",
                    name=f"社区{county}-{street}-{n}",
                    level="community",
                    path=f"{parent.path}{n:03}/",
                    parent=parent,
                )
                for n in range(1, COMMUNITIES + 1)
            )


def copies(template: Any, source: str, **given: str) -> None:
    """Rows like ``template``, one for each row of ``source``, with some columns as SQL says."""
    from django.db import connections

    model = type(template)
    template.save(using="owner")
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.generated or (field.primary_key and field.column not in given):
            continue
        columns.append(f'"{field.column}"')
        values.append(given.get(field.column, f't."{field.column}"'))
    table, pk = f'"{model._meta.db_table}"', f'"{model._meta.pk.column}"'
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM {source}, (SELECT * FROM {table} WHERE {pk} = {template.pk}) t"
        )
        cursor.execute(f"DELETE FROM {table} WHERE {pk} = {template.pk}")


def fill(people: int) -> None:
    from django.db import connections
    from django.db.backends.postgresql.psycopg_any import DateRange

    from weiye.base.regions.models import Unit
    from weiye.registers.people.models import Person, StatusPeriod
    from weiye.services.assistance.models import AssistanceFile, Contact, GroupMembership
    from weiye.services.assistance.visits.models import VisitDue

    units()
    unit = Unit.objects.using("owner").filter(level="community").order_by("path")[0]
    at = {"unit_path": "zz/"}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            # A minute for a million rows, and no question looks at it.
            "ALTER TABLE people_statusperiod DROP CONSTRAINT period_no_overlap; "
            "CREATE TABLE homes AS SELECT id, path, row_number() OVER (ORDER BY path) - 1 AS n "
            "FROM regions_unit WHERE level = 'community'"
        )
        cursor.execute("SELECT count(*) FROM homes")
        (homes,) = cursor.fetchone()

    def word(words: str, factor: int, part: str) -> str:
        cut = [(w[0], w[1:]) for w in words.split()]
        listed = ", ".join(f"'{w[part == 'pinyin']}'" for w in cut)
        return f"(ARRAY[{listed}])[1 + (i::bigint * {factor} / 97) % {len(cut)}]"

    def full(part: str, space: str) -> str:
        first, second, third = (
            word(SURNAMES, 89, part),
            word(GIVEN, 3571, part),
            word(GIVEN, 1231, part),
        )
        return (
            f"{first} || '{space}' || {second} || "
            f"CASE WHEN i % 4 = 0 THEN '' ELSE '{space}' || {third} END"
        )

    person = Person(unit=unit, **at, name="x", source="bench", as_of=DAY, synthetic=True)
    copies(
        person,
        f"generate_series(0, {people - 1}) i JOIN homes h ON h.n = i % {homes}",
        id="i + 1000",
        unit_id="h.id",
        unit_path="h.path",
        name=full("name", ""),
        name_key=full("pinyin", " "),
        birth_date="date '1950-01-01' + (i * 7919::bigint % 22000)::int",
    )
    first = Person(pk=1, unit=unit, **at, name="x", source="bench", as_of=DAY)
    first.save(using="owner")
    everybody = "(SELECT * FROM people_person WHERE id > 1) p"
    began = "date '2020-01-01' + (p.id % 2000)::int"
    statuses = "(ARRAY['就业','就业','灵活就业','失业'])"
    # What was before, and since when it is as it is.
    for status, during in (
        (f"{statuses}[1 + (p.id / 4) % 4]", f"daterange({began} - 700, {began})"),
        (f"{statuses}[1 + p.id % 4]", f"daterange({began}, NULL)"),
    ):
        copies(
            StatusPeriod(
                person=first, **at, kind=0, status="就业", during=DateRange(DAY), source="b"
            ),
            everybody,
            person_id="p.id",
            unit_path="p.unit_path",
            status=status,
            during=during,
        )
    # 就业登记, 失业登记, 求职登记.
    for kind, some in ((1, "p.id % 4 < 2"), (2, "p.id % 16 = 3"), (3, "p.id % 32 = 3")):
        copies(
            StatusPeriod(person=first, **at, kind=kind, during=DateRange(DAY), source="b"),
            f"(SELECT * FROM people_person p WHERE id > 1 AND {some}) p",
            person_id="p.id",
            unit_path="p.unit_path",
            during=f"daterange({began} + 10, NULL)",
        )
    for group, some in GROUPS.items():
        copies(
            GroupMembership(
                person=first,
                **at,
                group=group,
                reason="b",
                source="b",
                found_on=DAY,
                pack_version="b",
            ),
            f"(SELECT * FROM people_person p WHERE id > 1 AND {some}) p",
            person_id="p.id",
            unit_path="p.unit_path",
            found_on=began,
        )
    copies(
        AssistanceFile(
            person=first, **at, opened_on=DAY, opened_because="b", source="b", quota="12333"
        ),
        "(SELECT * FROM people_person WHERE id % 10 = 3 AND id > 1) p",
        person_id="p.id",
        unit_path="p.unit_path",
        opened_on="date '2025-01-01' + (p.id % 500)::int",
    )
    copies(
        VisitDue(person=first, **at, due_on=DAY, interval_days=90, because="b", source="b"),
        "(SELECT * FROM people_person WHERE id % 10 = 3 AND id > 1) p",
        person_id="p.id",
        unit_path="p.unit_path",
        due_on="date '2026-10-01' + (p.id / 10 % 120)::int",
    )
    file = AssistanceFile(person=first, **at, opened_on=DAY, opened_because="b", source="b")
    file.save(using="owner")
    import uuid

    copies(
        Contact(
            file=file,
            **at,
            kind="policy",
            way="phone",
            on=DAY,
            worker_name="b",
            note="b",
            token=uuid.uuid4(),
        ),
        f"(SELECT * FROM assistance_assistancefile WHERE id <> {file.pk}) p, generate_series(1, 4)",
        file_id="p.id",
        unit_path="p.unit_path",
        token="gen_random_uuid()",
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM assistance_assistancefile WHERE unit_path = 'zz/'")
        for table in ("people_statusperiod", "assistance_groupmembership"):
            cursor.execute(f"DELETE FROM {table} WHERE person_id = 1")
        cursor.execute("DELETE FROM people_person WHERE id = 1")
        cursor.execute("DROP TABLE homes")
        cursor.execute("VACUUM ANALYZE")


def questions(actor: Any) -> dict[str, Callable[[str], Any]]:
    """What the ledger asks, by name; each takes the alias of the login that asks."""
    from django.http import QueryDict

    from weiye.base.scope.fence import fence
    from weiye.desks.community.views.ledger import ledger_page

    def asked(query: str, *, count: bool = True, rows: bool = False) -> Callable[[str], Any]:
        with fence(actor):
            page, _ = ledger_page(actor, QueryDict(query))

        def ask(alias: str) -> Any:
            found = page.filtered.using(alias)
            total = found.count() if count else None
            return total, [row.pk for row in page.spec.dress(found)[:50]] if rows else []

        return ask

    return {
        "50 rows by name": asked("", count=False, rows=True),
        "count": asked(""),
        "search 建国: count, 50 rows": asked("q=建国", rows=True),
        "search 王建国": asked("q=王建国", rows=True),
        "search wangjian (pinyin)": asked("q=wangjian", rows=True),
        "unemployed: count": asked("status=失业"),
        "aged 60 to 70: count": asked("age_from=60&age_to=70"),
    }


def measure(times: int) -> None:
    from django.db import transaction

    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence

    def asked(ask: Callable[[str], Any], alias: str, actor: Any) -> tuple[float, Any]:
        opened = fence(actor) if alias == "default" else transaction.atomic("owner")
        started = time.perf_counter()
        with opened:
            answer = ask(alias)
        return time.perf_counter() - started, answer

    print(f"{'':10}{'':34}{'fenced':>10}{'owner':>10}{'ratio':>8}{'best':>8}")
    for area, path in AREAS.items():
        actor = system(path, name="bench")
        for name, ask in questions(actor).items():
            first = {alias: asked(ask, alias, actor) for alias in ("default", "owner")}
            assert first["default"][1] == first["owner"][1], f"{area} {name}: different answers"
            # Long ones are steady enough.
            rounds = times if first["default"][0] < 0.2 else max(5, times // 3)
            seconds: dict[str, list[float]] = {"default": [], "owner": []}
            for turn in range(rounds):
                order = ("default", "owner") if turn % 2 else ("owner", "default")
                for alias in order:
                    seconds[alias].append(asked(ask, alias, actor)[0])
            best = min(seconds["default"]) / min(seconds["owner"])
            fenced, plain = (statistics.median(seconds[a]) * 1000 for a in ("default", "owner"))
            print(
                f"{area:10}{name:34}{fenced:8.1f}ms{plain:8.1f}ms{fenced / plain:8.2f}{best:8.2f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("people", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--kept", action="store_true", help="measure on what --keep left")
    parser.add_argument("--times", type=int, default=21)
    options = parser.parse_args()
    aim_at_scratch(create=not options.kept)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiye.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    started = time.perf_counter()
    if not options.kept:
        call_command("migrate", database="owner", verbosity=0)
        fill(options.people)
        print(f"{options.people} people made in {time.perf_counter() - started:.0f} s", flush=True)
    try:
        measure(options.times)
    finally:
        if not options.keep:
            drop()


if __name__ == "__main__":
    sys.exit(main())
