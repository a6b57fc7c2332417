"""The pages of those who look after sensitive groups, and everybody else's (PPL-7)."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.services.assistance import world
from tests.world import actor, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.drafts.models import Draft
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, SensitiveRecord

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-7")]
SENT = {
    "kind": "社区矫正",
    "start": "2026-01-01",
    "end": "",
    "source": "区司法局通知",
    "document": "（2026）1号",
    "note": "每月报到",
}
_CHANGES = re.compile(
    rb'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|"X-CSRFToken": "[^"]*"'
    rb'|name="(?:token|client)"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="(?:token|client)"'
    rb"|[0-9a-f]{8}-[0-9a-f-]{27}|\d\d:\d\d(?::\d\d)?|name=.shown. value=.[^\"]*."
    # One's own looks are counted.
    rb"|" + "最近[0-9]+次".encode()
)


def browser(username: str) -> Client:
    client = Client()
    sign_in(client, username)
    return client


def person(name: str) -> Person:
    with fence(system()):
        return world.person(name)


def test_added_looked_at_changed_and_taken_back() -> None:
    found, clerk = person("孙某某"), browser("justice")
    assert clerk.get(reverse("community:sensitive")).status_code == 200
    search = clerk.post(reverse("community:sensitive"), {"q": "孙某某"}).content.decode()
    add = reverse("community:sensitive-add", args=[found.pk])
    assert add in search
    missing = clerk.post(add, {**SENT, "source": ""})
    assert missing.status_code == 422
    assert clerk.post(add, SENT).status_code == 302
    listed = clerk.get(reverse("community:sensitive"))
    page = listed.content.decode()
    assert "孙某某" in page and "社区矫正对象" in page and SENT["note"] not in page
    assert listed["Cache-Control"] == "no-store"
    with fence(system()):
        row = SensitiveRecord.objects.get()
    reveal = reverse("community:sensitive-reveal", args=[row.pk])
    assert SENT["note"] not in clerk.get(reveal).content.decode()
    assert clerk.post(reveal, {"reason": ""}).status_code == 422
    assert SENT["note"] in clerk.post(reveal, {"reason": "走访前了解"}).content.decode()
    edit = reverse("community:sensitive-edit", args=[row.pk])
    assert "kept" not in clerk.get(edit).content.decode()
    clerk.post(edit, {**SENT, "end": "2026-05-01", "note": ""})
    remove = reverse("community:sensitive-remove", args=[row.pk])
    assert "请写明删除的原因" in clerk.post(remove, {"why": ""}, follow=True).content.decode()
    clerk.post(remove, {"why": "登记错人"})
    with fence(system()):
        assert not SensitiveRecord.objects.exists()
        verbs = set(AuditEntry.objects.values_list("verb", flat=True))
        assert {f"sensitive.{v}" for v in ("list", "add", "edit", "reveal", "remove")} <= verbs
    with fence(actor("justice")):
        assert not Draft.objects.exists()


@pytest.mark.parametrize("username", ["worker-a", "grid-a", "clerk", "county", "admin"])
def test_pages_are_the_same_with_and_without_records(username: str) -> None:
    found, client = person("孙某某"), browser(username)

    def pages() -> dict[str, tuple[int, bytes]]:
        shown = {}
        for name, args in (
            ("community:today", []),
            ("community:ledger", []),
            ("community:person", [found.pk]),
            ("community:print", [found.pk]),
            ("community:person-edit", [found.pk]),
            ("community:survey", [found.pk]),
            ("community:surveys", []),
            ("community:transfers", []),
            ("community:transfer-send", [found.pk]),
            ("community:summary", []),
            ("community:sensitive", []),
        ):
            answer = client.get(reverse(name, args=args))
            shown[name] = (answer.status_code, _CHANGES.sub(b"", answer.content))
        for text in ("孙某某", "社区矫正", "安置帮教"):
            answer = client.get(reverse("community:ledger"), {"q": text})
            shown[text] = (answer.status_code, _CHANGES.sub(b"", answer.content))
        return shown

    pages()  # what is shown once only, and who has read, stands still from here on
    with fence(system()):
        AuditEntry.objects.none()
    before = pages()
    clerk = browser("justice")
    clerk.get(reverse("community:person", args=[found.pk]))
    assert clerk.post(reverse("community:sensitive-add", args=[found.pk]), SENT).status_code == 302
    after = pages()
    readers = re.compile(rb"<(li|tr)[^>]*>(?:(?!</\1>).)*?</\1>", re.DOTALL)
    for name, (status, body) in before.items():
        # Each look of one's own adds a line to "who has read": lines are compared as a set.
        assert after[name][0] == status, name
        mine: Any = set(readers.sub(b"", body).split())
        assert set(readers.sub(b"", after[name][1]).split()) == mine, name
        assert "社区矫正对象".encode() not in after[name][1], name
        assert b"justice" not in after[name][1], name
    assert before["community:sensitive"][0] == 403


def test_the_section_of_a_persons_page_is_made_for_those_alone() -> None:
    from django.template.loader import render_to_string

    from weiye.desks.community.views.sensitive import section

    found, worker, clerk = person("孙某某"), actor("worker-a"), actor("justice")
    with fence(worker):
        assert section(worker, found.pk) is None
        nothing = render_to_string("community/sensitive_section.html", {"sensitive": None})
        assert nothing.strip() == ""
    browser("justice").post(reverse("community:sensitive-add", args=[found.pk]), SENT)
    with fence(clerk):
        html = render_to_string(
            "community/sensitive_section.html", {"sensitive": section(clerk, found.pk)}
        )
    assert "社区矫正对象" in html and "区司法局通知" in html
