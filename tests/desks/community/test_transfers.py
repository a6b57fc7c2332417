"""The pages of transfers and of the import that asks for people."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from tests.registers.people.transfers.making import asked, home, other_side
from tests.services.exchange.making import id_number
from tests.world import A, B, actor, sign_in
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.registers.people.transfers.models import TransferRequest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def browser(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


SENT = {"id_number": id_number(order=11), "name": "林一", "reason": "已在本社区居住"}


def test_asked_answered_and_moved_through_the_pages() -> None:
    person = home()[0]
    b, a = browser("worker-b"), browser("worker-a")
    answer = b.post(reverse("community:transfer-ask"), SENT)
    assert answer.status_code == 302
    assert SENT["id_number"] not in answer.headers["Location"]
    page = b.get(answer.headers["Location"]).content.decode()
    assert "已提交，等待原社区确认" in page
    assert "测试甲社区" not in page
    assert "测试甲社区" not in b.get(reverse("community:transfers")).content.decode()
    assert "有1份迁移申请等您办理" in a.get("/community/").content.decode()
    with fence(system()):
        row = TransferRequest.objects.get(side="out")
    assert "正在办理迁移" in a.get(f"/community/people/{person.pk}/").content.decode()
    page = a.get(reverse("community:transfer", args=[row.pk])).content.decode()
    assert "测试乙社区" in page
    assert "同意，办理迁移" in page
    refused = a.post(reverse("community:transfer-decide", args=[row.pk]), {"verdict": "refuse"})
    assert refused.status_code == 422
    assert "请写明原因" in refused.content.decode()
    done = a.post(reverse("community:transfer-decide", args=[row.pk]), {"verdict": "accept"})
    assert done.status_code == 302
    assert a.get(f"/community/people/{person.pk}/").status_code == 404
    assert "林一" in b.get(f"/community/people/{person.pk}/").content.decode()
    again = a.post(reverse("community:transfer-decide", args=[row.pk]), {"verdict": "accept"})
    assert again.status_code == 302


def test_an_id_number_of_an_impossible_birthday_is_told_at_once() -> None:
    sent = {**SENT, "id_number": id_number(date(1850, 1, 1))}
    page = browser("worker-b").post(reverse("community:transfer-ask"), sent)
    assert page.status_code == 422
    assert "出生日期已超过130年" in page.content.decode()


def test_a_name_that_differs_is_pointed_out() -> None:
    home()
    browser("worker-b").post(reverse("community:transfer-ask"), {**SENT, "name": "王五"})
    with fence(system()):
        row = TransferRequest.objects.get(side="out")
    page = browser("worker-a").get(reverse("community:transfer", args=[row.pk])).content.decode()
    assert "与台账的“林一”不同" in page


def test_errors_keep_what_was_typed() -> None:
    b = browser("worker-b")
    answer = b.post(reverse("community:transfer-ask"), {**SENT, "id_number": "123", "reason": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "应为18位" in page
    assert "请填写迁移原因" in page
    assert 'value="林一"' in page


def test_a_free_number_needs_no_transfer_and_ones_own_leads_to_the_page() -> None:
    b = browser("worker-b")
    answer = b.post(reverse("community:transfer-ask"), SENT)
    assert answer.status_code == 200
    assert "不用办理迁移" in answer.content.decode()
    person = home(B)[0]
    answer = b.post(reverse("community:transfer-ask"), SENT)
    assert answer.headers["Location"] == reverse("community:person", args=[person.pk])


def test_a_street_says_for_which_community() -> None:
    home("371003001001")
    clerk = browser("clerk")
    url = reverse("community:transfer-ask")
    assert clerk.post(url, SENT).status_code == 422
    assert clerk.post(url, {**SENT, "to": "371002002001"}).status_code == 422
    assert clerk.post(url, {**SENT, "to": B}).status_code == 302
    with fence(system()):
        assert TransferRequest.objects.get(side="in").unit.code == B


def test_sent_and_taken_back() -> None:
    person = home()[0]
    a = browser("worker-a")
    url = reverse("community:transfer-send", args=[person.pk])
    assert "全户一起迁移" in a.get(url).content.decode()
    assert a.post(url, {"to": A, "reason": "搬家"}).status_code == 422
    answer = a.post(url, {"to": B, "reason": "搬家"})
    with fence(system()):
        row = TransferRequest.objects.get(side="out")
        other = TransferRequest.objects.get(side="in")
    assert answer.headers["Location"] == reverse("community:transfer", args=[row.pk])
    b = browser("worker-b")
    assert b.post(reverse("community:transfer-withdraw", args=[other.pk])).status_code == 422
    assert a.post(reverse("community:transfer-withdraw", args=[row.pk])).status_code == 302
    with fence(system()):
        assert Person.objects.get().unit.code == A
        assert set(TransferRequest.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_outsiders_cannot_tell_a_request_from_nothing() -> None:
    row = asked(actor("worker-b"), home()[0], B)
    for username in ("worker-c", "worker-d", "county-d"):
        client = browser(username)
        for pk in (row.pk, other_side(row).pk, 10**9):
            assert client.get(reverse("community:transfer", args=[pk])).status_code == 404
            for name in ("transfer-decide", "transfer-withdraw"):
                answer = client.post(reverse(f"community:{name}", args=[pk]), {"verdict": "accept"})
                assert answer.status_code in (403, 404), (username, name)
    assert browser("grid-a").get(reverse("community:transfers")).status_code == 403


def test_a_leader_sees_a_request_once_and_with_both_sides() -> None:
    asked(actor("worker-b"), home()[0], B)
    page = browser("county").get(reverse("administration:transfers")).content.decode()
    assert page.count("林一") == 1
    assert "测试甲社区" in page
    assert "测试乙社区" in page
