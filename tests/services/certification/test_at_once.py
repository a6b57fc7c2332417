"""Two at the same moment: real connections, real waiting (PPL-6)."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from tests.registers.people.transfers.test_at_once import EMPTIED, together
from tests.services.certification.people import DAY, after_notice, brought, somebody
from tests.world import actor
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.certification import actions
from weiye.services.certification.models import Case, Certificate, Series, Step

pytestmark = pytest.mark.requirement("PPL-6")


@pytest.fixture
def real(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows that other connections see; taken away afterwards by the owner."""
    with django_db_blocker.unblock():
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM audit_auditentry")
            last = cursor.fetchone()[0]
        try:
            yield
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join((*EMPTIED, 'certification_series'))} CASCADE")
                cursor.execute("DELETE FROM audit_auditentry WHERE id > %s", [last])
            connections.close_all()


def certifying(case: Case, on: Any) -> Callable[[], Certificate]:
    county = actor("county")

    def work() -> Certificate:
        with fence(county):
            return actions.certify(actor=county, case_id=case.pk, on=on)

    return work


@pytest.mark.slow
def test_numbers_under_concurrency_have_no_gap_and_no_double(real: None) -> None:
    with fence(system()):
        cases = [brought(somebody(name=f"人{n}", id_index=str(n)), "publish")[0] for n in range(4)]
    on = after_notice(cases[0], DAY)
    # Two of the four twice at once: whoever comes second finds it done.
    works = [certifying(case, on) for case in [*cases, *cases[:2]]]
    results, errors = together(*works)
    assert len(results) == 4
    assert len(errors) == 2 and all(isinstance(error, ValidationError) for error in errors)
    with fence(system()):
        assert sorted(c.serial for c in Certificate.objects.all()) == [1, 2, 3, 4]
        assert Series.objects.get().last == 4
        assert Step.objects.filter(verb="certify").count() == 4


@pytest.mark.slow
def test_two_applications_and_two_reviewers_at_once(real: None) -> None:
    worker, clerk = actor("worker-a"), actor("clerk")
    with fence(system()):
        person = somebody()

    def applying() -> Case:
        with fence(worker):
            return actions.open_case(
                actor=worker,
                person_id=person.pk,
                category="elder",
                token=uuid.uuid4(),
                on=DAY,
                consent="到站",
            )

    results, errors = together(applying, applying)
    assert len(results) == 1 and isinstance(errors[0], ValidationError)
    case = results[0]
    with fence(worker):
        actions.submit(actor=worker, case_id=case.pk, on=DAY)
        actions.accept(actor=worker, case_id=case.pk, on=DAY)

    def reviewing() -> Case:
        with fence(clerk):
            return actions.review(actor=clerk, case_id=case.pk, on=DAY, note="属实")

    results, errors = together(reviewing, reviewing)
    assert len(results) == 1 and isinstance(errors[0], ValidationError)
    with fence(system()):
        assert Step.objects.filter(case=case, verb="pass").count() == 1
