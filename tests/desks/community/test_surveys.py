"""From door to door on the pages (PPL-1)."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.services.assistance import world
from tests.world import A, actor, sign_in
from weiye.base.drafts.models import Draft
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people import actions
from weiye.registers.people.models import Household, Person
from weiye.registers.people.surveys.models import SurveyConflict, SurveyVisit

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-1")]


def browser(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def family() -> tuple[Person, Person]:
    with fence(system()):
        unit = Unit.objects.get(code=A)
        home = Household.objects.create(unit=unit, unit_path=unit.path, number="1")
        head = world.person("王大明", household=home, household_role="户主", minimum_living=None)
        wife = world.person("李小红", household=home, household_role="配偶", sex="女")
        actions.edit_person(
            actor=system(),
            person_id=head.pk,
            facts={"minimum_living": "低保"},
            on=timezone.localdate(),
            source="民政低保名册",
        )
    return head, wife


def filled(page: str, **given: str | list[str]) -> dict[str, str | list[str]]:
    """The form as the browser would send it back, with what the worker changed."""
    from html.parser import HTMLParser

    sent: dict[str, list[str]] = {}

    class Reader(HTMLParser):
        select = ""
        area = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            at = dict(attrs)
            name, value = at.get("name") or "", at.get("value") or ""
            if tag == "input" and name:
                if at.get("type") in ("radio", "checkbox") and "checked" not in at:
                    return
                sent.setdefault(name, []).append(value)
            elif tag == "select":
                self.select = name
            elif tag == "option" and self.select and "selected" in at:
                sent[self.select] = [value]
            elif tag == "textarea":
                self.area = name
                sent[name] = [""]

        def handle_data(self, data: str) -> None:
            if self.area:
                sent[self.area] = [data.strip()]

        def handle_endtag(self, tag: str) -> None:
            if tag in ("select", "textarea"):
                self.select = self.area = ""

    Reader().feed(page[page.index('<form class="card wy-survey"') :].split("</form>")[0])
    return {**{k: v for k, v in sent.items() if v != [""]}, **given}


def test_a_household_is_asked_at_the_door_and_what_departments_said_is_not() -> None:
    head, wife = family()
    grid = browser("grid-a")
    listed = grid.get(reverse("community:surveys")).content.decode()
    assert "王大明" in listed and "等2人" in listed and "还没入户" in listed
    address = reverse("community:survey", args=[head.pk])
    page = grid.get(address).content.decode()
    assert "来自民政低保名册" in page and "不用再问" in page
    assert f'name="p{head.pk}-minimum_living"' not in page
    assert f'name="p{wife.pk}-minimum_living"' in page
    h, w = f"p{head.pk}", f"p{wife.pk}"
    sent = filled(
        page,
        **{
            "answered_by": "self",
            f"{h}-education": "30",
            f"{h}-employment_status": "失业",
            f"{h}-employment_status-since": "2025-03-01",
            f"{h}-wish_hours": ["1", "2"],
            f"{h}-wish_skills": "做饭、开车",
            f"{h}-work_history": "2018-07至2023-01 海丰食品厂 包装工\n帮厨",
            f"{h}-skill_certificates": "养老护理员四级",
            f"{w}-health_limits": ["不宜夜班"],
            "n0-name": "王小小",
            "n0-birth_date": "2020-05-01",
            "n0-role": "女",
        },
    )
    done = grid.post(address, sent, follow=True)
    told = done.content.decode()
    assert done.redirect_chain, told[told.find("还有地方要改") :][:600]
    assert "已提交，更新" in told and "新登记1人" in told and "已入户" in told
    with fence(system()):
        row = Person.objects.select_related("wish").get(pk=head.pk)
        assert row.education == 30 and row.minimum_living == "低保"
        assert (row.wish.hours, row.wish.skills) == (3, ["做饭", "开车"])
        assert row.work_history == [
            {"employer": "海丰食品厂", "job": "包装工", "from": "2018-07", "to": "2023-01"},
            {"employer": "帮厨"},
        ]
        assert row.skill_certificates == [{"code": "4-10-01-05", "level": 4}]
        assert row.periods.get(during__endswith__isnull=True).during.lower == date(2025, 3, 1)
        assert Person.objects.get(pk=wife.pk).health_limits == ["不宜夜班"]
        assert Person.objects.get(name="王小小").household_id == head.household_id
    # The button pressed twice is one visit.
    again = grid.post(address, sent, follow=True)
    assert again.status_code == 200
    with fence(system()):
        assert SurveyVisit.objects.count() == 1


def test_nobody_home_needs_no_more_than_two_touches() -> None:
    head, _ = family()
    worker = browser("worker-a")
    address = reverse("community:survey", args=[head.pk])
    page = worker.get(address).content.decode()
    client = filled(page)["client"]
    sent = {"client": client, "outcome": "nobody"}
    told = worker.post(address, sent, follow=True).content.decode()
    assert "已记下：家中无人" in told and "没见到人，过几天再去" in told


def test_mistakes_stand_at_their_fields_and_nothing_is_kept() -> None:
    head, _ = family()
    worker = browser("worker-a")
    address = reverse("community:survey", args=[head.pk])
    page = worker.get(address).content.decode()
    wrong = {
        f"p{head.pk}-children": "去年",
        "n0-name": "丁一",
        "n0-id_number": "379901199001010000",
    }
    answer = worker.post(address, filled(page, **wrong))
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "“去年”不像日期" in told and "请选择是谁回答的" in told
    corrected = {"answered_by": "self", "n0-name": "丁一", "n0-id_number": wrong["n0-id_number"]}
    answer = worker.post(address, filled(page, **corrected))
    assert answer.status_code == 422 and "校验位不对" in answer.content.decode()
    with fence(system()):
        assert not SurveyVisit.objects.exists()


def test_what_differs_is_decided_on_a_page() -> None:
    head, _ = family()
    worker = browser("worker-a")
    address = reverse("community:survey", args=[head.pk])
    page = worker.get(address).content.decode()
    with fence(system()):
        actions.edit_person(
            actor=system(), person_id=head.pk, facts={"education": 20}, on=timezone.localdate()
        )
    sent = filled(page, answered_by="self", **{f"p{head.pk}-education": "30"})
    # The page was made before: it brings the mark of what it showed.
    told = worker.post(address, sent, follow=True).content.decode()
    checks = reverse("community:survey-checks")
    if "留待核对" in told:
        shown = worker.get(checks).content.decode()
        assert "大学本科" in shown and "大学专科" in shown
        with fence(system()):
            row = SurveyConflict.objects.get()
        decide = reverse("community:survey-decide", args=[row.pk])
        done = worker.post(decide, {"decision": "replace"}, follow=True).content.decode()
        assert "已采用入户回答" in done and "没有要核对的" in done
        with fence(system()):
            assert Person.objects.get(pk=head.pk).education == 30
    else:
        pytest.fail("what somebody else changed meanwhile was overwritten")


def test_a_household_nobody_knew() -> None:
    worker = browser("worker-a")
    address = reverse("community:survey-new")
    page = worker.get(address).content.decode()
    given = {"unit": f"{A} 测试甲社区", "address": "文化路1号2单元301", "answered_by": "self"}
    sent = filled(page, **given, **{"n0-name": "赵一", "n1-name": "赵二"})
    told = worker.post(address, sent, follow=True).content.decode()
    assert "新登记2人" in told
    with fence(system()):
        rows = Person.objects.filter(name__in=["赵一", "赵二"])
        assert {row.address for row in rows} == {"文化路1号2单元301"}
        assert len({row.household_id for row in rows}) == 1


def test_half_a_form_is_kept_for_its_author() -> None:
    head, _ = family()
    worker = browser("worker-a")
    fields = f'{{"p{head.pk}-education": ["30"]}}'
    kept = worker.post(reverse("components:draft"), {"form": f"survey:{head.pk}", "fields": fields})
    assert kept.status_code == 200
    page = worker.get(reverse("community:survey", args=[head.pk])).content.decode()
    assert "已恢复您没填完的内容" in page
    with fence(actor("worker-b")):
        assert not Draft.objects.exists()
