"""我的: a resident sees own rows alone, and who has looked at them."""

from datetime import date
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from tests.world import PERSON_1, PERSON_2, A, B, actor, path_of, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.models import Consent
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people import actions, residents
from weiye.registers.people.models import Person, StatusPeriod, WorkWish
from weiye.services.assistance.models import (
    AssistanceFile,
    Contact,
    GroupMembership,
    ListEntry,
)
from weiye.services.assistance.queries import own_help

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

ID_NUMBER = "379901199001011234"
DAY = date(2026, 6, 1)


def person(key: int, name: str, code: str = A) -> Person:
    with fence(system()):
        unit = Unit.objects.get(code=code)
        found = Person.objects.create(
            pk=key,
            unit=unit,
            unit_path=unit.path,
            name=name,
            id_number=f"{ID_NUMBER[:-1]}{key % 10}",
            id_index=f"{key:064d}",
            phone="20001234567",
            birth_date=date(1990, 1, 1),
            education=70,
            veteran=True,
            source="街道名册",
            as_of=DAY,
            fact_dates={"veteran": "2026-03-02"},
        )
        WorkWish.objects.create(person=found, unit_path=unit.path, min_wage=2500)
        StatusPeriod.objects.create(
            person=found,
            unit_path=unit.path,
            kind=0,
            status="失业",
            during=(date(2026, 1, 1), None),
            source="街道名册",
        )
        file = AssistanceFile.objects.create(
            person=found,
            unit_path=unit.path,
            opened_on=DAY,
            opened_because=f"理由{name}",
            source="条例",
        )
        ListEntry.objects.create(
            file=file,
            unit_path=unit.path,
            kind="job",
            subject="1",
            rank=1,
            title=f"面点师{name}",
            reasons=["走路6分钟"],
            added_on=DAY,
        )
        Contact.objects.create(
            file=file,
            unit_path=unit.path,
            kind="policy",
            way="phone",
            on=DAY,
            worker_name="甲工",
            note=f"谈了补贴{name}",
            token=f"00000000-0000-0000-0000-{key:012d}",
        )
        GroupMembership.objects.create(
            person=found,
            unit_path=unit.path,
            group="长期失业",
            reason="x",
            source="y",
            found_on=DAY,
            pack_version="1",
        )
    return found


@pytest.fixture
def two() -> tuple[Person, Person]:
    return person(PERSON_1, "赵一"), person(PERSON_2, "钱二")


def signed_in(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def looked_at(username: str, key: int) -> None:
    who = actor(username)
    with fence(who):
        actions.open_person(actor=who, person_id=key)


def test_own_rows_and_no_others_in_every_table(two: tuple[Person, Person]) -> None:
    looked_at("worker-a", PERSON_1)
    looked_at("worker-a", PERSON_2)
    me = actor("resident-1")
    tables: dict[Any, str] = {
        Person: "id",
        StatusPeriod: "person_id",
        WorkWish: "person_id",
        AssistanceFile: "person_id",
        ListEntry: "file__person_id",
        Contact: "file__person_id",
        GroupMembership: "person_id",
        AuditEntry: "person_id",
    }
    with fence(me):
        for model, lookup in tables.items():
            # The database alone, and the queries alone.
            assert set(model.objects.order_by().values_list(lookup, flat=True)) == {PERSON_1}
            with fence(system()):
                shown = model.objects.visible_to(me).order_by()
                assert set(shown.values_list(lookup, flat=True)) == {PERSON_1}


def test_own_rows_cannot_be_written(two: tuple[Person, Person]) -> None:
    with fence(actor("resident-1")):
        assert Person.objects.update(name="改名") == 0
        assert AssistanceFile.objects.all().delete()[0] == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            AuditEntry.objects.all().delete()


def test_the_indexes_are_used(two: tuple[Person, Person]) -> None:
    with fence(actor("resident-1")), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM audit_auditentry ORDER BY id DESC LIMIT 20")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("EXPLAIN SELECT * FROM audit_auditentry WHERE person_id = 5")
        narrow = "\n".join(row[0] for row in cursor.fetchall())
    assert "audit_person" in narrow, narrow
    assert "Seq Scan" not in plan, plan


def test_who_has_looked_is_told_in_plain_words(two: tuple[Person, Person]) -> None:
    for _ in range(3):
        looked_at("worker-a", PERSON_1)
    worker = actor("worker-a")
    with fence(worker):
        actions.reveal(actor=worker, person_id=PERSON_1, field="phone", reason="联系本人")
    looked_at("county", PERSON_1)
    looked_at("worker-a", PERSON_2)
    with fence(system()):
        actions.open_person(actor=system(), person_id=PERSON_1)
    page = signed_in("resident-1").get("/mine/seen/").content.decode()
    assert "看了您的信息" in page
    assert "（3次）" in page
    assert "看了您完整的电话" in page
    assert "原因：联系本人" in page
    assert "worker-a，社区就业服务人员，测试甲社区" in page
    assert "county，县级公共就业服务机构，环翠区" in page
    assert "电脑自动做的" in page
    assert "resident-1，" not in page, "own looks are not counted"
    # Three acts of two people: the second resident's look is nowhere.
    assert page.count("wy-item-main") == 3


def test_own_looks_are_in_the_log(two: tuple[Person, Person]) -> None:
    client = signed_in("resident-1")
    client.get("/mine/")
    client.post("/mine/reveal/phone/")
    with fence(system()):
        rows = AuditEntry.objects.filter(person_id=PERSON_1, role="resident").order_by("id")
        assert list(rows.values_list("verb", flat=True)) == ["mine.read", "mine.reveal"]


def test_the_page_shows_own_data_masked_and_help(two: tuple[Person, Person]) -> None:
    page = signed_in("resident-1").get("/mine/").content.decode()
    assert "赵一，您好" in page
    assert "20001234567" not in page
    assert "200******67" in page
    assert "面点师赵一" in page
    assert "谈了补贴赵一" in page
    assert "钱二" not in page


def test_own_values_are_shown_whole_when_asked_for(two: tuple[Person, Person]) -> None:
    client = signed_in("resident-1")
    response = client.post("/mine/reveal/phone/")
    assert "20001234567" in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert "20001234567" not in client.get("/mine/reveal/phone/").content.decode()
    assert client.post("/mine/reveal/name/").status_code == 404


def test_what_is_kept_has_source_and_day(two: tuple[Person, Person]) -> None:
    page = signed_in("resident-1").get("/mine/held/").content.decode()
    assert "退役军人" in page
    assert "2026年3月2日" in page
    assert "来自街道名册，2026年3月2日" in page.replace('<span class="wy-soft">', "")
    assert "失业（2026.01.01起）" in page
    assert "2,500元" in page


def test_who_said_nothing_of_the_work_they_want_sees_the_page_too(
    two: tuple[Person, Person],
) -> None:
    with fence(system()):
        WorkWish.objects.filter(person_id=PERSON_1).delete()
    answer = signed_in("resident-1").get("/mine/held/")
    assert answer.status_code == 200
    assert "我想找的工作" not in answer.content.decode()


def test_only_residents_have_such_a_page(two: tuple[Person, Person]) -> None:
    for username in ("worker-a", "admin", "employer-1"):
        assert signed_in(username).get("/mine/").status_code == 403
    with pytest.raises(NotAllowed), fence(actor("worker-a")):
        residents.open_mine(actor=actor("worker-a"))


def test_own_help_is_nobody_elses(two: tuple[Person, Person]) -> None:
    me = actor("resident-1")
    with fence(me):
        found = own_help(me, person_id=PERSON_1, as_of=DAY)
        assert found is not None
        assert [title for title, _ in found.sections] == [
            "需求清单",
            "岗位清单",
            "政策清单",
            "培训清单",
        ]
        assert own_help(me, person_id=PERSON_2, as_of=DAY) is None


# --- opening an account --------------------------------------------------------------------------

NEW = 900_000_777


def test_a_worker_opens_an_account_and_hands_over_a_slip() -> None:
    person(NEW, "孙三")
    client = signed_in("worker-a")
    address = f"/community/people/{NEW}/account/"
    assert address in client.get(f"/community/people/{NEW}/").content.decode()
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 422, "the identity was not checked"
    response = client.post(address, {"checked": "1"})
    slip = response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    held = residents.membership_of(NEW)
    assert held is not None
    assert held.account.username in slip
    assert (held.role, held.subject_kind, held.subject_id) == ("resident", "person", NEW)
    assert held.unit.code == A
    assert held.account.must_change
    with fence(system()):
        rows = AuditEntry.objects.filter(person_id=NEW).values_list("verb", flat=True)
        assert "resident.open" in set(rows)
    again = client.post(address, {"checked": "1"}).content.decode()
    assert held.account.username in again
    with fence(system()):
        assert AuditEntry.objects.filter(person_id=NEW, verb="resident.reset").count() == 1


def test_an_account_is_opened_inside_ones_area_by_right_only() -> None:
    person(NEW, "孙三", B)
    worker = actor("worker-a")
    with pytest.raises(Person.DoesNotExist), fence(worker):
        residents.open_account(actor=worker, person_id=NEW)
    assert signed_in("worker-a").post(f"/community/people/{NEW}/account/").status_code == 404
    assert signed_in("grid-a").get(f"/community/people/{NEW}/account/").status_code == 403


def test_another_communitys_account_is_left_alone() -> None:
    found = person(NEW, "孙三", B)
    other = actor("worker-b")
    with fence(other):
        residents.open_account(actor=other, person_id=NEW)
    with fence(system()):
        unit = Unit.objects.get(code=A)
        Person.objects.filter(pk=found.pk).update(unit=unit, unit_path=path_of(A))
    page = signed_in("worker-a").post(f"/community/people/{NEW}/account/", {"checked": "1"})
    assert page.status_code == 422
    assert "原来的社区" in page.content.decode()


# --- consents ------------------------------------------------------------------------------------


def consent(key: int) -> int:
    with fence(system()):
        return Consent.objects.create(
            unit_path=path_of(A),
            person_id=key,
            purpose="share",
            title="把联系方式给用人单位",
            basis="consent",
            text_version="1",
            text_digest="0" * 64,
            way="station",
            given_at=timezone.now(),
            recorded_by="甲工",
        ).pk


def test_own_consents_are_shown_and_taken_back(two: tuple[Person, Person]) -> None:
    mine, others = consent(PERSON_1), consent(PERSON_2)
    client = signed_in("resident-1")
    page = client.get("/mine/").content.decode()
    assert "把联系方式给用人单位" in page
    assert f"/mine/consents/{mine}/withdraw/" in page
    assert f"/mine/consents/{others}/withdraw/" not in page
    assert client.post(f"/mine/consents/{others}/withdraw/").status_code == 404
    assert client.post(f"/mine/consents/{mine}/withdraw/").status_code == 302
    assert "已撤回" in client.get("/mine/").content.decode()
    with fence(system()):
        assert Consent.objects.get(pk=mine).withdrawn_at is not None
        assert Consent.objects.get(pk=others).withdrawn_at is None
        assert AuditEntry.objects.filter(person_id=PERSON_1, verb="consent.withdraw").exists()


def own_consents() -> list[tuple[str, str, bool]]:
    with fence(system()):
        rows = Consent.objects.filter(person_id=PERSON_1).order_by("pk")
        return [(row.purpose, row.way, row.withdrawn_at is None) for row in rows]


def test_a_resident_agrees_takes_it_back_and_agrees_again(two: tuple[Person, Person]) -> None:
    client = signed_in("resident-1")
    text = "您同意社区通过电话、短信或微信向您推荐岗位"
    page = client.get("/mine/").content.decode()
    assert text in page
    assert "就业援助服务" not in page, "a duty is told, not asked for"
    sent = {"purpose": "contact", "version": "1"}
    for way in ("paper", "self"):  # what else is sent is not asked
        answer = client.post("/mine/consents/", {**sent, "way": way, "person": PERSON_2})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/mine/#m-yes")
    assert own_consents() == [("contact", "self", True)]
    page = client.get("/mine/").content.decode()
    assert "这一项已经同意过了" in page
    assert text not in page
    with fence(system()):
        (row,) = Consent.objects.filter(person_id=PERSON_1)
        assert (row.unit_path, row.text_version, len(row.text_digest)) == (path_of(A), "1", 64)
        assert AuditEntry.objects.filter(person_id=PERSON_1, verb="consent.give").count() == 1
        assert not Consent.objects.filter(person_id=PERSON_2).exists()
    client.post(f"/mine/consents/{row.pk}/withdraw/")
    page = client.get("/mine/").content.decode()
    assert "已撤回" in page
    assert text in page
    client.post("/mine/consents/", sent)
    assert own_consents() == [("contact", "self", False), ("contact", "self", True)]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"purpose": "contact", "version": "0"}, "请再看一遍"),
        ({"purpose": "contact"}, "请再看一遍"),
        ({"purpose": "assistance", "version": "1"}, "没有这一项"),
        ({"purpose": "nothing", "version": "1"}, "没有这一项"),
        ({}, "没有这一项"),
    ],
)
def test_nobody_agrees_to_what_was_not_shown(
    two: tuple[Person, Person], sent: dict[str, str], said: str
) -> None:
    client = signed_in("resident-1")
    assert client.post("/mine/consents/", sent).status_code == 302
    assert said in client.get("/mine/").content.decode()
    assert own_consents() == []


def test_only_a_resident_agrees_on_line(two: tuple[Person, Person]) -> None:
    for username in ("worker-a", "employer-1", "admin"):
        sent = {"purpose": "contact", "version": "1"}
        assert signed_in(username).post("/mine/consents/", sent).status_code == 403
    assert own_consents() == []
