"""What the audit log costs: per write, per roster row, sealed and verified per second.

    (against a database that ./weiye has set up with the demonstration, its environment exported)
    python bench/audit.py [ROWS]

Writes are measured with the log's INSERT and without it, in turns; the import is rolled back, edits
and the entries for sealing and verifying are committed and stay (the log is append-only), so use a
database that may be thrown away.
"""

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import django
from imports import roster

ROUNDS = 5


class _Undo(Exception):
    pass


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def undone(actor: Any, work: Callable[[], object]) -> float:
    """Seconds of the work in a transaction that is rolled back."""
    from weiye.base.scope.fence import fence

    spent = 0.0
    try:
        with fence(actor):
            spent = timed(work)
            raise _Undo
    except _Undo:
        return spent


@contextmanager
def silent() -> Any:
    """The log's INSERT left out; everything else as it is."""
    from weiye.registers.people import actions
    from weiye.registers.people.intake import changes as people

    kept = actions.record, people.record_many
    actions.record = people.record_many = lambda **_: None  # type: ignore[assignment]
    try:
        yield
    finally:
        actions.record, people.record_many = kept


def measured(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds, and seconds of our own CPU: on a busy machine the latter is the one to trust."""
    begun = time.process_time()
    return work(), time.process_time() - begun


def compared(name: str, work: Callable[[], float], rounds: int) -> None:
    """Best times with and without, in turns: what the machine does meanwhile hits both."""
    work()
    spent, without = [], []
    for _ in range(rounds):
        spent.append(measured(work))
        with silent():
            without.append(measured(work))
    # The best of each: a busy machine only ever adds.
    a, b = min(x for x, _ in spent), min(x for x, _ in without)
    c, d = min(x for _, x in spent), min(x for _, x in without)
    print(
        f"{name}: {a * 1000:.1f} ms with, {b * 1000:.1f} without: {(a / b - 1) * 100:+.1f} %; "
        f"own CPU {c * 1000:.1f} and {d * 1000:.1f} ms: {(c / d - 1) * 100:+.1f} %"
    )


def main(rows: int) -> None:
    django.setup()
    from django.utils import timezone

    from weiye.base.audit.actions import record_many
    from weiye.base.audit.sealing import seal
    from weiye.base.audit.verifying import verify
    from weiye.base.regions.models import Unit
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence
    from weiye.registers.people import actions as people
    from weiye.registers.people.models import Person
    from weiye.services.demonstration.queries import sample_unit
    from weiye.services.exchange import actions as exchange

    actor = system()
    with fence(actor):
        unit: Unit = sample_unit()
        someone = Person.objects.filter(unit_path__startswith=unit.path).order_by("pk").first()
    if someone is None:
        raise SystemExit("no demonstration people here")
    content = roster(rows)

    def imported() -> None:
        batch = exchange.upload(
            actor=actor, unit=unit, kind="roster", name="bench.xlsx", content=content
        )
        exchange.check_now(actor=actor, batch_id=batch.pk)
        exchange.commit_now(actor=actor, batch_id=batch.pk)

    count = 0

    def edited() -> None:
        """As a request does: each in a transaction of its own, committed."""
        nonlocal count
        for _ in range(20):
            count += 1
            with fence(actor):
                people.edit_person(
                    actor=actor,
                    person_id=someone.pk,
                    facts={"monthly_income": 1000 + count},
                    on=timezone.localdate(),
                )

    compared(f"roster import, {rows} rows", lambda: undone(actor, imported), ROUNDS)
    compared("20 edits of a person, committed", lambda: timed(edited), ROUNDS * 6)

    many = 200_000
    seal()
    path, on = unit.path, timezone.localdate()

    def written() -> None:
        with fence(actor):
            for start in range(0, many, 10_000):
                entries = [
                    (
                        path,
                        "person",
                        str(start + n),
                        {"fields": ["monthly_income"], "on": on},
                    )
                    for n in range(10_000)
                ]
                record_many(actor=actor, verb="bench.entry", entries=entries)

    spent = timed(written)
    print(f"record_many: {many / spent:,.0f} entries/s")
    cpu = time.process_time()
    spent = timed(seal)
    own = time.process_time() - cpu
    print(f"seal: {many / spent:,.0f} entries/s ({own / many * 1e6:.0f} µs of our own CPU each)")
    cpu = time.process_time()
    report = verify()
    own = (time.process_time() - cpu) / max(1, report.entries) * 1e6
    print(
        f"verify: {report.entries:,} entries in {report.seconds:.2f} s: "
        f"{report.entries / report.seconds:,.0f} entries/s "
        f"({own:.0f} µs of our own CPU each), intact: {report.intact}"
    )
    from weiye.base.audit.actions import record

    with fence(actor):
        spent = timed(
            lambda: [
                record(actor=actor, verb="bench.entry", path=path, thing=("person", "1"))
                for _ in range(2000)
            ]
        )
    print(f"record: {spent / 2000 * 1e6:.0f} µs an entry")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
