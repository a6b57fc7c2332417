"""Who answers for a file is told by name, also where the account itself is hidden."""

from datetime import date

import pytest
from django.test import Client

from tests.world import PASSWORD, A, account, actor, path_of, sign_in
from weiye.base.accounts.actions import create_account
from weiye.base.accounts.models import Account, Membership
from weiye.base.accounts.queries import actor_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.assistance import queries
from weiye.services.assistance.models import AssistanceFile

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

DAY = date(2026, 6, 1)


@pytest.fixture
def grid() -> Actor:
    """A grid worker of a grid below A, where worker-a's account (of A) cannot be seen."""
    with fence(system()):
        community = Unit.objects.get(code=A)
        unit = Unit.objects.create(
            code=f"{A}g01", name="一网格", level="grid", path=f"{path_of(A)}g01/", parent=community
        )
        made = create_account(
            actor=system(), username="grid-a01", name="网格员甲", password=PASSWORD, unit=unit
        )
        membership = Membership.objects.create(
            account=made, account_name=made.name, role="grid_worker", unit=unit, unit_path=unit.path
        )
        return actor_of(Membership.objects.active().get(pk=membership.pk))


@pytest.fixture
def file(grid: Actor) -> AssistanceFile:
    with fence(system()):
        unit = Unit.objects.get(path=grid.path)
        person = Person.objects.create(
            unit=unit, unit_path=unit.path, name="演示人", source="t", as_of=DAY
        )
        return AssistanceFile.objects.create(
            person=person,
            unit_path=unit.path,
            opened_on=DAY,
            opened_because="x",
            source="t",
            worker=account("worker-a"),
        )


def named(grid: Actor) -> list[str]:
    with fence(grid):
        assert not Account.objects.filter(username="worker-a").exists()
        return [row.worker_name for row in queries.ledger(grid, as_of=DAY).order_by("pk")]


def test_a_grid_worker_sees_the_station_workers_name(grid: Actor, file: AssistanceFile) -> None:
    assert named(grid) == ["worker-a"]
    with fence(grid):
        page = queries.person_page(grid, person_id=file.person_id, as_of=DAY)
        assert page.file is not None
        assert page.file.worker_name == "worker-a"
        sheet = queries.print_sheet(grid, person_id=file.person_id, as_of=DAY)
        assert sheet.file is not None
        assert sheet.file.worker_name == "worker-a"
    client = Client()
    sign_in(client, "grid-a01")
    for page_url in (
        "/community/people/",
        f"/community/people/{file.person_id}/",
        f"/community/people/{file.person_id}/print/",
    ):
        assert "worker-a" in client.get(page_url).content.decode(), page_url


def test_the_name_follows_whatever_changes_the_worker(grid: Actor, file: AssistanceFile) -> None:
    with fence(system()):
        # In bulk, by the column alone.
        AssistanceFile.objects.filter(pk=file.pk).update(worker=account("worker-b"))
    assert named(grid) == ["worker-b"]
    with fence(actor("worker-b")):
        # Who renames an account need not see its files.
        Account.objects.filter(username="worker-b").update(name="新名")
    assert named(grid) == ["新名"]
    with fence(system()):
        # A stale object carries an old name along.
        file.save()
    assert named(grid) == ["worker-a"]
    with fence(system()):
        AssistanceFile.objects.filter(pk=file.pk).update(worker=None)
    assert named(grid) == [""]
