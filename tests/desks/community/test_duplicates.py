"""Who may be one, on the pages: decided, merged, parted; rows of rosters (PPL-3)."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.services.exchange.making import id_number
from tests.services.linkage.test_linkage import resident, row, searched
from tests.world import A, actor, sign_in
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.merging.models import Merge
from weiye.registers.people.models import Person
from weiye.services.linkage import actions
from weiye.services.linkage.models import Pair, RowDoubt

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-3")]
HOME: dict[str, Any] = {
    "birth_date": date(1975, 3, 12),
    "address": "文化路12号3单元501",
    "phone": "20000000001",
}


@pytest.fixture
def browser() -> Client:
    client = Client()
    sign_in(client, "worker-a")
    return client


@pytest.fixture
def pair() -> Pair:
    resident("张微", number=id_number(order=11), **HOME)
    resident("张薇", **HOME)
    searched()
    with fence(system()):
        return Pair.objects.get()


def test_two_become_one_and_two_again(browser: Client, pair: Pair) -> None:
    url = reverse("community:duplicate-decide", args=[pair.pk])
    assert browser.post(url, {"answer": str(pair.one_id), "reason": ""}).status_code == 422
    done = browser.post(url, {"answer": str(pair.one_id), "reason": "上门见到本人"}, follow=True)
    assert "已合并成一个人" in done.content.decode()
    # The other of two taps finds nothing to decide, and no fault.
    assert browser.post(url, {"answer": str(pair.one_id), "reason": "见到本人"}).status_code == 404
    with fence(system()):
        merge = Merge.objects.get()
        assert Person.objects.count() == 1
    parted = browser.post(
        reverse("community:merge-part", args=[merge.pk]), {"reason": "是双胞胎"}, follow=True
    )
    assert "已拆分" in parted.content.decode()
    with fence(system()):
        assert Person.objects.count() == 2


@pytest.mark.parametrize("error", [Pair.DoesNotExist, Person.DoesNotExist])
def test_somebody_was_quicker(
    browser: Client, pair: Pair, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def gone(**kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(actions, "decide_same", gone)
    url = reverse("community:duplicate-decide", args=[pair.pk])
    done = browser.post(url, {"answer": str(pair.one_id), "reason": "上门见到本人"}, follow=True)
    assert done.status_code == 200
    assert "不用再核对" in done.content.decode()


@pytest.mark.parametrize("numbered", [False, True])
def test_what_is_said_of_a_row_is_what_will_happen(browser: Client, numbered: bool) -> None:
    number = id_number(order=11)
    person = resident("张微", number=number, **HOME)
    one = actor("worker-a")
    with fence(one):
        written = number if numbered else ""
        rows = [row(name="张薇", phone=HOME["phone"], written=written)]
        actions.keep_doubts(one, Unit.objects.get(code=A), 1, "民政", rows)
        doubt = RowDoubt.objects.get()
    page = browser.get(reverse("community:doubt", args=[doubt.pk])).content.decode()
    assert ("没有有效的证件号码" in page) is not numbered
    url = reverse("community:doubt-settle", args=[doubt.pk])
    assert browser.post(url, {"person": "9" * 30}, follow=True).status_code == 200
    done = browser.post(url, {"person": str(person.pk)}, follow=True).content.decode()
    assert ("就按您说的办" in done) is not numbered
    assert ("先改好台账里的姓名" in done) is numbered
