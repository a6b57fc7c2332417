"""A handful of people in communities A and B, made inside the fence; rolled back by each test."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from tests.world import PASSWORD, A, path_of
from weiye.base.accounts.models import Account
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.actions import name_key
from weiye.registers.people.models import Person, StatusPeriod
from weiye.services.assistance.models import AssistanceFile, Contact, GroupMembership, ListEntry


@dataclass
class Helped:
    """A person with an open file, one entry per list, and one contact."""

    person: Person
    file: AssistanceFile
    entries: dict[str, ListEntry]
    contact: Contact


Make = Callable[..., Helped]


@pytest.fixture
def helped(db: None) -> Make:
    """Make a person who is helped; the file is ``days`` old, so 200 days are late by any count."""
    today = timezone.localdate()
    numbers = iter(range(1, 10_000))

    def make(name: str = "王小明", *, unit: str = A, days: int = 200, **facts: object) -> Helped:
        number = next(numbers)
        id_number = f"37990119700101{number:03d}X"
        with fence(system()):
            home = Unit.objects.get(path=path_of(unit))
            person = Person.objects.create(
                unit=home,
                unit_path=home.path,
                name=name,
                name_key=name_key(name),
                id_number=id_number,
                id_index=blind_index(id_number),
                phone=f"200000{number:05d}",
                phone_index=blind_index(f"200000{number:05d}"),
                address="文化中路12号楼",
                source="测试名册",
                as_of=today,
                **{"birth_date": today - timedelta(days=50 * 365 + number), "sex": "女", **facts},
            )
            StatusPeriod.objects.create(
                person=person,
                unit_path=home.path,
                kind=0,
                status="失业",
                during=DateRange(today - timedelta(days=400), None),
                source="测试名册",
            )
            GroupMembership.objects.create(
                person=person,
                unit_path=home.path,
                group="长期失业",
                reason="失业已满1年。",
                source="条例第四十二条",
                found_on=today - timedelta(days=days),
                pack_version="test",
            )
            worker = Account.objects.filter(username="worker-a").first()
            file = AssistanceFile.objects.create(
                person=person,
                unit_path=home.path,
                opened_on=today - timedelta(days=days),
                opened_because="属于长期失业。",
                source="鲁就办[2023]13号",
                worker=worker,
                quota="12333",
            )
            entries = {
                kind: ListEntry.objects.create(
                    file=file,
                    unit_path=home.path,
                    kind=kind,
                    subject=f"{kind}-1",
                    rank=1,
                    title=f"{kind}的条目",
                    summary="要点",
                    reasons=["理由一", "理由二"],
                    source="某条某款" if kind == "policy" else "",
                    verdict="met" if kind == "policy" else "",
                    added_on=today,
                )
                for kind in ("need", "job", "policy", "training")
            }
            contact = Contact.objects.create(
                file=file,
                unit_path=home.path,
                kind="policy",
                way="phone",
                on=today - timedelta(days=days) + timedelta(days=1),
                worker=worker,
                worker_name="worker-a",
                note="讲了政策",
                token=uuid.uuid4(),
            )
        return Helped(person, file, entries, contact)

    return make


@pytest.fixture
def signed(client: Client) -> Callable[[str], Client]:
    """Sign in as one of the world's accounts."""

    def sign(username: str) -> Client:
        answer = client.post("/signin/", {"username": username, "password": PASSWORD})
        assert answer.status_code == 302, "sign-in failed"
        return client

    return sign
