"""Consents on a person's page: read out, recorded, withdrawn."""

import pytest
from django.urls import reverse

from weiye.base.privacy.models import Consent
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def test_recorded_at_the_door_and_withdrawn(helped, signed) -> None:
    client = signed("worker-a")
    person = helped().person
    page = reverse("community:person", args=[person.pk])
    give = reverse("community:consent-give", args=[person.pk])
    said = client.get(page).content.decode()
    assert "请念给本人听" in said
    assert "电话、短信联系并推荐岗位" in said
    # The statutory duty is told, not asked.
    assert "就业援助服务" not in said.split('id="consents"')[1].split("</section>")[0]
    answer = client.post(give, {"purpose": "contact", "way": "door"}, follow=True)
    assert "已登记：同意“电话、短信联系并推荐岗位”。" in answer.content.decode()
    with fence(system()):
        row = Consent.objects.get()
    assert (row.person_id, row.recorded_by, row.way) == (person.pk, "worker-a", "door")
    said = client.get(page).content.decode()
    assert "上门口头，工作人员见证" in said
    again = client.post(give, {"purpose": "contact", "way": "door"}, follow=True)
    assert "已经同意过" in again.content.decode()
    client.post(reverse("community:consent-withdraw", args=[row.pk]), {"because": "不想再接到电话"})
    said = client.get(page).content.decode()
    assert "撤回过的（1项）" in said
    assert "不想再接到电话" in said


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"purpose": "contact", "way": "paper"}, "纸质材料存放在哪里"),
        ({"purpose": "contact", "way": "self"}, "只能由本人"),
        ({"purpose": "nothing", "way": "door"}, "没有这一项"),
        ({}, "没有这一项"),
    ],
)
def test_what_is_missing_is_said(helped, signed, sent, says) -> None:
    client = signed("worker-a")
    give = reverse("community:consent-give", args=[helped().person.pk])
    assert says in client.post(give, sent, follow=True).content.decode()
    with fence(system()):
        assert not Consent.objects.exists()


def test_neighbours_and_those_without_the_right(helped, signed) -> None:
    person = helped().person
    give = reverse("community:consent-give", args=[person.pk])
    sent = {"purpose": "contact", "way": "door"}
    assert signed("worker-b").post(give, sent).status_code == 404
    grid = signed("grid-a")
    assert grid.post(give, sent).status_code == 403
    assert (
        "登记一项同意"
        not in grid.get(reverse("community:person", args=[person.pk])).content.decode()
    )
