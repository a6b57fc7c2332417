"""A person of community A with everything that a person can have, and asks for it."""

import uuid
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tests.services.exchange.making import id_number
from tests.world import A, account, path_of
from weiye.base.privacy.fields import blind_index
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.registers.people.transfers import actions
from weiye.services.assistance.models import AssistanceFile, Contact, GroupMembership, ListEntry

DAY = date(2026, 6, 1)
REASON = "已搬到本社区居住"


def unit(code: str) -> Unit:
    return Unit.objects.get(path=path_of(code))


def home(code: str = A, number: str = "370000001", count: int = 1, order: int = 11) -> list[Person]:
    """A household of ``count`` people, the first with a file, lists, contacts, periods, a wish."""
    with fence(system()):
        at = {"unit": unit(code), "unit_path": path_of(code)}
        house = Household.objects.create(**at, number=number, address="文化中路1号")
        people = []
        for each in range(count):
            id_ = id_number(order=order + each)
            people.append(
                Person.objects.create(
                    **at,
                    household=house,
                    household_role="户主" if not each else "子女",
                    name=f"林{'一二三四五'[each]}",
                    id_number=id_,
                    id_index=blind_index(id_),
                    address="文化中路1号",
                    lon=122.1,
                    lat=37.5,
                    point_source="工作人员标注",
                    birth_date=date(1980, 1, 1),
                    source="测试名册",
                    as_of=DAY,
                )
            )
        first = people[0]
        here = {"unit_path": path_of(code)}
        StatusPeriod.objects.create(
            **here, person=first, kind=0, status="失业", during=DateRange(DAY, None), source="t"
        )
        WorkWish.objects.create(**here, person=first)
        GroupMembership.objects.create(
            **here,
            person=first,
            group="测试",
            reason="r",
            source="s",
            found_on=DAY,
            pack_version="1",
        )
        file = AssistanceFile.objects.create(
            **here,
            person=first,
            opened_on=DAY,
            opened_because="b",
            source="s",
            worker=account("worker-a"),
        )
        ListEntry.objects.create(
            **here,
            file=file,
            kind="need",
            subject="x",
            rank=1,
            title="t",
            reasons=["r"],
            added_on=DAY,
        )
        Contact.objects.create(
            **here,
            file=file,
            kind="policy",
            way="phone",
            on=DAY,
            worker=account("worker-a"),
            worker_name="worker-a",
            note="谈过",
            token=uuid.uuid4(),
        )
        return people


def asked(actor, person, to, **more):  # type: ignore[no-untyped-def]
    """The asking side's row of an ask by ID number."""
    with fence(system()):
        number = Person.objects.get(pk=person.pk).id_number
    with fence(actor):
        found = actions.ask(
            actor=actor,
            to=unit(to),
            id_number=number,
            name=person.name,
            reason=REASON,
            now=more.pop("now", timezone.now()),
            **more,
        )
    assert found.outcome == "submitted"
    return found.request


def other_side(row):  # type: ignore[no-untyped-def]
    with fence(system()):
        return type(row).objects.exclude(pk=row.pk).get(request=row.request)
