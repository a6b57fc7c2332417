"""Two workers on one record, and a deed that is taken back."""

import pytest
from django.test import Client

from tests.world import sign_in
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

pytestmark = pytest.mark.django_db


def test_two_workers_edit_one_person(client: Client, helped) -> None:
    made = helped()
    url = f"/community/people/{made.person.pk}/edit/"
    sign_in(client, "worker-a")
    page = client.get(url)
    form = page.context["form"]
    fields = {name: form[name].value() for name in form.fields}
    opened = {n: v for n, v in fields.items() if v not in (None, "", False)} | {"seen": form.seen()}
    assert client.post(url, opened | {"skills": "做饭"}).status_code == 302
    second = client.post(url, opened | {"skills": "保洁", "training_wishes": "面点"})
    assert second.status_code == 422
    text = second.content.decode()
    assert "对方改成：<b>做饭</b>" in text
    assert "您填的：<b>保洁</b>" in text
    fresh = second.context["form"].seen()
    third = client.post(
        url,
        opened
        | {"skills": "保洁", "training_wishes": "面点", "seen": fresh, "take-skills": "theirs"},
    )
    assert third.status_code == 302
    after = client.get(url).context["form"]
    assert (after["skills"].value(), after["training_wishes"].value()) == ("做饭", "面点")


def test_a_deed_can_be_taken_back(client: Client, helped) -> None:
    made = helped()
    sign_in(client, "worker-a")
    entry = made.entries["job"]
    page = client.post(f"/community/entries/{entry.pk}/hide/", {"reason": "离家太远"}, follow=True)
    text = page.content.decode()
    assert f'action="/community/entries/{entry.pk}/restore/"' in text
    assert "撤销" in text
    client.post(f"/community/entries/{entry.pk}/restore/")
    with fence(system()):
        entry.refresh_from_db()
    assert not entry.hidden_because
