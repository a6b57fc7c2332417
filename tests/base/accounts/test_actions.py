"""Accounts are made within one's own area only."""

import pytest
from django.core.exceptions import ValidationError

from tests.world import PASSWORD, A, actor
from weiye.base.accounts.actions import (
    create_account,
    create_institution,
    grant_membership,
    registrable,
    switch_institution,
)
from weiye.base.accounts.models import Membership
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence

pytestmark = pytest.mark.django_db


def make(by: str, username: str = "new", password: str = PASSWORD):  # type: ignore[no-untyped-def]
    me = actor(by)
    with fence(me):
        unit = Unit.objects.get(pk=me.unit_id)
        return create_account(
            actor=me, username=username, name="新人", password=password, unit=unit
        )


@pytest.mark.requirement("ORG-2")
def test_a_county_names_workers_below_itself_and_nowhere_else() -> None:
    with fence(actor("county")):
        account = make("county")
        unit = Unit.objects.get(code=A)
        granted = grant_membership(
            actor=actor("county"), account=account, role="station_worker", unit=unit
        )
        assert granted.unit_path == unit.path
        with pytest.raises(NotAllowed):
            grant_membership(
                actor=actor("county"),
                account=account,
                role="station_worker",
                unit=Unit.objects.get(code="371003001001"),
            )
        granted_once = AuditEntry.objects.filter(verb="membership.grant", thing_id=str(account.pk))
        assert granted_once.count() == 1


def test_granting_twice_changes_nothing() -> None:
    with fence(actor("county")):
        account, unit = make("county"), Unit.objects.get(code=A)
        for _ in range(2):
            grant_membership(
                actor=actor("county"), account=account, role="station_worker", unit=unit
            )
    with fence(system()):
        assert Membership.objects.filter(account=account).count() == 1


def test_a_role_must_fit_the_level() -> None:
    with fence(actor("county")), pytest.raises(ValueError, match="不能用于"):
        grant_membership(
            actor=actor("county"),
            account=make("county"),
            role="street_clerk",
            unit=Unit.objects.get(code=A),
        )


def test_only_administrators_name_administrators() -> None:
    with fence(actor("county")), pytest.raises(NotAllowed):
        grant_membership(
            actor=actor("county"),
            account=make("county"),
            role="administrator",
            unit=Unit.objects.get(code="371002000000"),
        )


def test_a_worker_makes_no_accounts() -> None:
    with fence(actor("worker-a")), pytest.raises(NotAllowed):
        make("worker-a")


@pytest.mark.parametrize("weak", ["short", "1234567890123", "password123"])
def test_weak_passwords_are_refused(weak: str) -> None:
    with fence(actor("county")), pytest.raises(ValidationError):
        make("county", password=weak)


def test_a_grantor_registers_and_switches_only_institutions_it_could_give_accounts() -> None:
    """A street gives accounts to employers; a training body is the county's."""
    street, county = actor("clerk"), actor("county")
    with fence(county):
        unit = Unit.objects.get(path=street.path)
        school = create_institution(
            actor=county,
            kind="training_body",
            name="测试学校",
            unit=unit,
            credit_code="91350100M000100Y43",
        )
    with fence(street):
        assert registrable(street) == ["employer", "other"]
        with pytest.raises(NotAllowed):
            create_institution(
                actor=street, kind="bank", name="x", unit=unit, credit_code="91350100M000100Y43"
            )
        with pytest.raises(NotAllowed):
            switch_institution(actor=street, institution_id=school.pk, on=False)
        shop = create_institution(actor=street, kind="employer", name="测试商户", unit=unit)
        assert not switch_institution(actor=street, institution_id=shop.pk, on=False).is_active
    with fence(county):
        assert not switch_institution(actor=county, institution_id=school.pk, on=False).is_active
    assert registrable(actor("worker-a")) == []
