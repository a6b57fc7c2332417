"""Setting down what was learnt about a person: all or nothing, unknown stays unknown."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests.world import B, actor
from weiye.base.scope.fence import fence
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod, WorkWish

pytestmark = pytest.mark.django_db

# What the form shows for a person of the `helped` fixture, sent back as it is.
AS_IT_IS = {"status": "失业", "registered": "no"}


def url(made) -> str:  # type: ignore[no-untyped-def]
    return f"/community/people/{made.person.pk}/edit/"


def stored(made) -> Person:  # type: ignore[no-untyped-def]
    with fence(actor("worker-a")):
        return Person.objects.get(pk=made.person.pk)


def test_sending_the_form_back_changes_nothing(helped, signed) -> None:
    made = helped(education=61, labour_capacity=None, veteran=False)
    client = signed("worker-a")
    text = client.get(url(made)).content.decode()
    assert "missing variable" not in text
    sent = {**AS_IT_IS, "education": "60", "veteran": "False", "sex": "女"}
    assert client.post(url(made), sent).status_code == 302
    after = stored(made)
    assert (after.education, after.labour_capacity, after.veteran) == (61, None, False)
    assert after.source == "测试名册"
    assert after.phone == made.person.phone


@pytest.mark.requirement("PPL-2")
def test_facts_status_registration_and_wish_are_set_together(helped, signed) -> None:
    made = helped()
    today = timezone.localdate()
    sent = {
        "status": "灵活就业",
        "status_on": (today - timedelta(3)).isoformat(),
        "registered": "yes",
        "registered_on": (today - timedelta(2)).isoformat(),
        "labour_capacity": "True",
        "pension_drawn": "False",
        "disability_grade": "0",
        "minimum_living": "低保",
        "children": "2016-5-2、20201130",
        "no_certificates": "on",
        "phone": "20000009999",
        "min_wage": "2800",
        "max_walk_minutes": "20",
        "hours": ["1", "4"],
        "skills": "做饭，保洁",
    }
    assert signed("worker-a").post(url(made), sent).status_code == 302
    after = stored(made)
    assert (after.labour_capacity, after.pension_drawn, after.disability_grade) == (True, False, 0)
    assert after.children == [date(2016, 5, 2), date(2020, 11, 30)]
    assert after.known_none == ["skill_certificates"]
    assert after.phone == "20000009999"
    with fence(actor("worker-a")):
        wish = WorkWish.objects.get(pk=made.person.pk)
        periods = {
            (p.kind, p.status, p.during.lower)
            for p in StatusPeriod.objects.filter(person=after, during__endswith=None)
        }
    assert (wish.min_wage, wish.hours, wish.skills) == (2800, 5, ["做饭", "保洁"])
    assert periods == {
        (PeriodKind.EMPLOYMENT, "灵活就业", today - timedelta(3)),
        (PeriodKind.UNEMPLOYMENT_REGISTRATION, "", today - timedelta(2)),
    }


def test_certificates_are_read_as_people_write_them(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    client.post(url(made), {**AS_IT_IS, "skill_certificates": "养老护理员四级、电工(中级)"})
    assert stored(made).skill_certificates == [
        {"code": "养老护理员", "level": 4},
        {"code": "电工", "level": 4},
    ]
    text = client.get(url(made)).content.decode()
    assert "养老护理员中级、电工中级" in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": "就业"}, "请填写从哪天起变化。"),
        ({"status": "就业", "status_on": "2999-01-01"}, "日期不能晚于今天。"),
        ({"status": "就业", "status_on": "1999-01-01"}, "日期不能早于它"),
        ({"registered": "yes"}, "请填写从哪天起变化。"),
        ({"children": "前年"}, "“前年”不像日期"),
        ({"children": "2999-01-01"}, "出生日期不能晚于今天。"),
        ({"children": "2016-05-02", "no_children": "on"}, "填了内容就不要勾“没有”。"),
        ({"monthly_income": "-1"}, "0"),
        ({"minimum_living": "很穷"}, "很穷"),
        ({"max_walk_minutes": "0"}, "1"),
        ({"certified_difficult_since": "去年"}, "请按“年-月-日”填写日期"),
    ],
)
def test_one_wrong_answer_keeps_all_from_being_set(
    helped, signed, changes: dict[str, str], sentence: str
) -> None:
    made = helped()
    sent = {**AS_IT_IS, "labour_capacity": "True", "skills": "做饭", **changes}
    answer = signed("worker-a").post(url(made), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="做饭"' in text
    assert stored(made).labour_capacity is None
    with fence(actor("worker-a")):
        assert not WorkWish.objects.exists()


@pytest.mark.requirement("ORG-2")
def test_only_who_may_edit_and_only_the_own_people(helped, signed, client) -> None:
    made, other = helped(), helped(unit=B)
    assert signed("grid-a").get(url(made)).status_code == 403
    client.post("/signout/")
    assert signed("worker-a").post(url(other), AS_IT_IS).status_code == 404
