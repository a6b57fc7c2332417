"""One change to the tree: who waits for it, what is remembered, and which rows go along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import Actor, below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.models import UnitPathField
from weiye.base.scope.turn import take_turn

from ..models import Unit, UnitPast, Verb
from ..reading import common_path

RIGHT = "units.edit"

# Every kind of work that holds a unit while it writes rows there (`take_turn`): a change to the
# tree waits for it and makes it wait. A test finds the kinds in the source and compares.
TURNS = (
    "people.import",
    "people.survey",
    "pipeline",
    "reflow",
    "training.import",
    "units",
    "vacancies.import",
)

# Set while a change is only tried out.
_trying: ContextVar[bool] = ContextVar("trying", default=False)

# Who is told how many rows of which table (model label) have gone along, as they go.
Tell = Callable[[str, int], None]
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)

# Units and rows that go along while somebody waits for the page. On the two cores of a county's
# server some ten thousand rows go along in a second, indexes included; a page should answer within
# one, and a request is cut off after sixty.
LONG = 5000


@dataclass
class Outcome:
    """What a change did, or would do: the units touched, and how many rows go along by table."""

    units: list[Unit] = field(default_factory=list)
    along: int = 0
    """Units below them whose place changes with theirs."""
    rows: dict[str, int] = field(default_factory=dict)
    """Model label (``people.Person``) → rows whose unit moved."""

    @property
    def size(self) -> int:
        """Units and rows that go along; more than `LONG` are background work."""
        return self.along + sum(self.rows.values())

    def add(self, other: Outcome) -> None:
        self.units += other.units
        self.along += other.along
        for label, number in other.rows.items():
            self.rows[label] = self.rows.get(label, 0) + number


class _Tried(Exception):
    pass


T = TypeVar("T")


def preview(change: Callable[[], T]) -> T:
    """What a change would do; nothing is kept, no row is touched, nobody waits.

    Raises what the change itself would raise.
    """
    token = _trying.set(True)
    try:
        with transaction.atomic():
            found = change()
            raise _Tried
    except _Tried:
        return found
    finally:
        _trying.reset(token)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Changes made inside tell table by table how far they are; what ``tell`` raises ends them."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


def trying() -> bool:
    return _trying.get()


@cache
def carriers() -> tuple[tuple[str, str, str], ...]:
    """(model label, table, column) of every column that holds a unit's path and follows it.

    What is only ever appended, the audit log above all, stays as it was written.
    """
    return tuple(
        (model._meta.label, model._meta.db_table, str(each.column))
        for model in apps.get_models()
        if model not in (Unit, UnitPast) and getattr(model, "fence_write", "") != "append"
        for each in model._meta.concrete_fields
        if isinstance(each, UnitPathField)
    )


def wrong(sentence: str, at: str = "__all__") -> ValidationError:
    return ValidationError({at: sentence})


class Step:
    """A change on one day, by one actor, inside `step`."""

    def __init__(self, actor: Actor, day: date, verb: Verb) -> None:
        self.actor, self.day, self.verb = actor, day, verb
        self.outcome = Outcome()

    def check_day(self, *units: Unit, subtree: bool = False) -> None:
        """Refuse a day before the last change of the units (with ``subtree`` of any below)."""
        for unit in units:
            where, args = _which(unit, subtree)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT u.name, v.start FROM regions_unit u {_VERSION} "  # noqa: S608
                    f"WHERE {where} AND v.start > %s ORDER BY v.start DESC, u.path LIMIT 1",
                    [*args, self.day],
                )
                found = cursor.fetchone()
            if found:
                raise wrong(
                    f"{found[0]}在{found[1]:%Y-%m-%d}已有变更，生效日期不能早于这一天。", "day"
                )

    def remember(self, unit: Unit, *, subtree: bool = False) -> int:
        """Keep the versions that end on the day, before they are overwritten. Returns how many
        units lie below."""
        where, args = _which(unit, subtree)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO regions_unitpast
                    (unit_id, during, code, name, parent_id, path, urban_rural, closed, verb)
                SELECT u.id, daterange(v.start, %s), split_part(u.code, '~', 1), u.name,
                       u.parent_id, u.path, u.urban_rural, u.ended_on IS NOT NULL,
                       CASE WHEN u.id = %s THEN %s ELSE 'along' END
                FROM regions_unit u {_VERSION}
                WHERE {where} AND (v.start IS NULL OR v.start < %s)
                """,  # noqa: S608
                [self.day, unit.pk, self.verb, *args, self.day],
            )
            cursor.execute(f"SELECT count(*) FROM regions_unit u WHERE {where}", args)  # noqa: S608
            return int(cursor.fetchone()[0]) - 1

    def remember_all(self, keys: list[int]) -> None:
        """Keep the versions of many units, nothing below them."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO regions_unitpast
                    (unit_id, during, code, name, parent_id, path, urban_rural, closed, verb)
                SELECT u.id, daterange(v.start, %s), split_part(u.code, '~', 1), u.name,
                       u.parent_id, u.path, u.urban_rural, u.ended_on IS NOT NULL, %s
                FROM regions_unit u {_VERSION}
                WHERE u.id = ANY(%s) AND (v.start IS NULL OR v.start < %s)
                """,  # noqa: S608
                [self.day, self.verb, keys, self.day],
            )

    def relocate(self, unit: Unit, path: str) -> None:
        """Give the unit another path, and with it everything below it and every row there."""
        if path == unit.path:
            self.remember(unit)
            return
        longest = UnitPathField().max_length or 0
        refuse_running(unit.path)
        self.check_day(unit, subtree=True)
        along = self.remember(unit, subtree=True)
        lo, hi = below(unit.path)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(length(path)) FROM regions_unit WHERE path >= %s AND path < %s",
                [lo, hi],
            )
            if int(cursor.fetchone()[0]) - len(unit.path) + len(path) > longest:
                raise wrong("层级太深，放不到这里。请先整理下级网格和楼栋。")
            cursor.execute(
                "UPDATE regions_unit SET path = %s || substr(path, %s) "
                "WHERE path >= %s AND path < %s",
                [path, len(unit.path) + 1, lo, hi],
            )
        self.outcome.add(Outcome(along=along, rows=self._carry(unit.path, path)))
        unit.path = path

    def _carry(self, old: str, new: str) -> dict[str, int]:
        lo, hi = below(old)
        found: dict[str, int] = {}
        for label, table, column in carriers():
            # The row's own unit moves inside the actor's fence; rows of other areas that mention
            # the unit (a request to move there) follow too.
            if column == "unit_path":
                number = _follow(table, column, old, new)
                if number:
                    found[label] = found.get(label, 0) + number
                    if (tell := _tell.get()) is not None:
                        tell(label, number)
            else:
                with fence(system()):
                    _follow(table, column, old, new)
        if not trying():
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    UPDATE procrastinate_jobs
                    SET args = jsonb_set(
                        args, '{path}', to_jsonb(%s || substr(args->>'path', %s))
                    )
                    WHERE status IN ('todo', 'doing')
                      AND (args->>'path') COLLATE "C" >= %s AND (args->>'path') COLLATE "C" < %s
                    """,
                    [new, len(old) + 1, lo, hi],
                )
        return found

    def log(self, unit: Unit, was: str, **detail: object) -> None:
        """Record the change where the unit is, and where it was: both sides can see it."""
        if trying():
            return
        facts = {"code": unit.plain_code, "name": unit.name, "day": self.day, **detail}
        for path in dict.fromkeys((unit.path, was)):
            record(actor=self.actor, verb=f"unit.{self.verb}", path=path, thing=unit, detail=facts)

    def touched(self, unit: Unit) -> None:
        if unit not in self.outcome.units:
            self.outcome.units.append(unit)


# The first day of a unit's present version; NULL: from the beginning of the data.
_VERSION = """
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT max(upper(p.during)) FROM regions_unitpast p WHERE p.unit_id = u.id), u.since
        ) AS start
    ) v
"""


def _which(unit: Unit, subtree: bool) -> tuple[str, list[Any]]:
    """The condition on `u` for a unit, with what lies below it or without."""
    if subtree:
        return "u.path >= %s AND u.path < %s", list(below(unit.path))
    return "u.id = %s", [unit.pk]


def _follow(table: str, column: str, old: str, new: str) -> int:
    lo, hi = below(old)
    with connection.cursor() as cursor:
        if trying():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE {column} >= %s AND {column} < %s',  # noqa: S608
                [lo, hi],
            )
            return int(cursor.fetchone()[0])
        cursor.execute(
            f'UPDATE "{table}" SET {column} = %s || substr({column}, %s) '  # noqa: S608
            f"WHERE {column} >= %s AND {column} < %s",
            [new, len(old) + 1, lo, hi],
        )
        return int(cursor.rowcount)


@contextmanager
def step(actor: Actor, day: date, verb: Verb, *units: Unit) -> Iterator[Step]:
    """One transaction in which nobody else works on the units; they are read afresh.

    Raises `NotAllowed` outside the actor's area and ``ValidationError`` for a day in the future
    or work that is going on.
    """
    actor.require(RIGHT, *(unit.path for unit in units))
    if day > timezone.localdate():
        raise wrong("生效日期不能晚于今天；以后才生效的，请到那天再办。", "day")
    with transaction.atomic():
        if not trying():
            paths = sorted({unit.path for unit in units})
            for kind in TURNS:
                take_turn(kind, common_path(paths))
        before = {unit.pk: unit.path for unit in units}
        rows = Unit.objects.filter(pk__in=before)
        fresh = {u.pk: u for u in (rows if trying() else rows.select_for_update()).order_by("path")}
        for unit in units:
            now = fresh.get(unit.pk)
            if now is None or now.path != before[unit.pk]:
                raise wrong(f"{unit.name}刚刚被别人改动过，请刷新页面再试。")
            for each in Unit._meta.concrete_fields:
                setattr(unit, each.attname, getattr(now, each.attname))
        found = Step(actor, day, verb)
        yield found


def refuse_running(path: str) -> None:
    """Work that goes on below a unit writes its end where it began: let it end first."""
    if trying():
        return
    lo, hi = below(path)
    busy = Run.objects.filter(unit_path__gte=lo, unit_path__lt=hi, state=RunState.RUNNING).first()
    if busy is not None:
        raise wrong(f"这里有任务正在进行（{busy.title}），请等它完成再变更。")
