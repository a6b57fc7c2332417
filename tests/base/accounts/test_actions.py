"""Accounts are made within one's own area only."""

import pytest
from django.core.exceptions import ValidationError

from tests.world import PASSWORD, A, actor
from weiye.base.accounts.actions import create_account, grant_membership
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
