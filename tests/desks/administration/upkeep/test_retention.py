"""The page of retention: what is due, held with a reason, and who may see it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.base.privacy.test_retention import LONG_AGO, person, rule
from tests.world import sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy import retention
from weiye.base.privacy.models import Notice
from weiye.base.runs.models import Run
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> Notice:
    rules = [("37/", rule()), ("37/", rule("exports", text="导出的文件"))]
    monkeypatch.setattr(retention, "rules_at", lambda path, day: rules)
    person()
    with fence(system("37/")):
        retention.sweep(actor=system("37/"), as_of=timezone.localdate())
        return Notice.objects.get()


def signed(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def test_what_is_due_is_listed_with_as_little_as_a_decision_needs(warned: Notice) -> None:
    said = signed("admin").get(reverse("administration:retention")).content.decode()
    assert "王**（测试甲社区）" in said
    assert "王小明" not in said
    assert f"{LONG_AGO:%Y-%m-%d}" in said
    assert f"{warned.due_on:%Y-%m-%d}" in said
    assert "2年" in said
    assert "待确认" in said


def test_held_with_a_reason_and_released(warned: Notice) -> None:
    client = signed("admin")
    url = reverse("administration:retention-hold", args=[warned.pk])
    assert "王**" in client.get(url).content.decode()
    day = timezone.localdate()
    for sent in (
        {"because": "", "until": day + timedelta(days=9)},
        {"because": "x", "until": ""},
        {"because": "x", "until": day + timedelta(days=900)},
        {"because": "x", "until": day},
    ):
        assert client.post(url, sent).status_code == 422
    answer = client.post(url, {"because": "有诉讼", "until": day + timedelta(days=30)})
    assert answer.status_code == 302
    page = reverse("administration:retention")
    assert "有诉讼（admin）" in client.get(page).content.decode()
    client.post(reverse("administration:retention-release", args=[warned.pk]))
    assert "有诉讼" not in client.get(page).content.decode()
    with fence(system()):
        verbs = list(AuditEntry.objects.values_list("verb", flat=True))
    assert {"retention.hold", "retention.release"} <= set(verbs)


def test_a_sweep_now_is_a_run_that_shows(warned: Notice) -> None:
    client = signed("admin")
    client.post(reverse("administration:retention-begin"))
    client.post(reverse("administration:retention-begin"))
    with fence(system()):
        run = Run.objects.get(kind="retention.sweep")
    assert run.started_by == "admin"
    assert "排队中" in client.get(reverse("administration:retention")).content.decode()


@pytest.mark.parametrize("username", ["worker-a", "county", "city"])
def test_others_do_not_get_in(warned: Notice, username: str) -> None:
    client = signed(username)
    assert client.get(reverse("administration:retention")).status_code == 403
    assert client.post(
        reverse("administration:retention-release", args=[warned.pk])
    ).status_code in (403, 404)


def test_an_empty_list_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "rules_at", lambda path, day: [])
    said = signed("admin").get(reverse("administration:retention")).content.decode()
    assert "没有等待处理的信息" in said
    assert "什么都不会处理" in said
