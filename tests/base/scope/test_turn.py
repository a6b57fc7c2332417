"""Work on whole units: who overlaps waits, who does not goes on."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from tests.services.assistance.world import A_PATH, B_PATH
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.turn import take_turn
from weiye.registers.employers.intake import VacancyIntake
from weiye.registers.people.intake import PeopleIntake
from weiye.registers.training.intake import ProgrammeIntake

DAY = date(2025, 6, 30)


def pipeline(path: str) -> None:
    take_turn("pipeline", path)


def people(path: str) -> None:
    PeopleIntake(actor=system(), unit=Unit(path=path), source="test", as_of=DAY, write=True)


def vacancies(path: str) -> None:
    VacancyIntake(actor=system(), unit=Unit(path=path), on=DAY, write=True)


def programmes(path: str) -> None:
    ProgrammeIntake(actor=system(), unit=Unit(path=path), write=True)


@pytest.mark.parametrize("begin", [pipeline, people, vacancies, programmes])
@pytest.mark.parametrize(
    ("held", "wanted", "waits"),
    [
        (A_PATH, A_PATH, True),
        ("37/10/02/", A_PATH, True),
        (A_PATH, "37/10/02/", True),
        ("37/", A_PATH, True),
        (A_PATH, B_PATH, False),
        (A_PATH, f"{A_PATH}g01/", True),
        ("37/10/02/", "37/10/03/", False),
    ],
)
def test_who_overlaps_waits(
    django_db_setup: None,
    django_db_blocker: Any,
    begin: Callable[[str], None],
    held: str,
    wanted: str,
    waits: bool,
) -> None:
    has_lock, finish = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                begin(held)
                has_lock.set()
                finish.wait(20)
        finally:
            connection.close()

    with django_db_blocker.unblock():
        thread = threading.Thread(target=hold)
        thread.start()
        waited = False
        try:
            assert has_lock.wait(20)
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '150ms'")
                begin(wanted)
        except OperationalError:
            waited = True
        finally:
            finish.set()
            thread.join()
            connection.close()
    assert waited is waits


def test_different_work_goes_on_side_by_side(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        with transaction.atomic():
            people(A_PATH)
            failed: list[BaseException] = []

            def other() -> None:
                try:
                    with transaction.atomic():
                        with connection.cursor() as cursor:
                            cursor.execute("SET LOCAL lock_timeout = '5s'")
                        pipeline(A_PATH)
                except OperationalError as error:
                    failed.append(error)
                finally:
                    connection.close()

            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        connection.close()
    assert not failed
