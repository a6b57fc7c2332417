"""Many people of the ledger at once: the rows that the list shows, in the area, all or none."""

import pytest
from django.test import Client

from tests.world import B, account, sign_in
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.assistance.models import AssistanceFile

pytestmark = pytest.mark.django_db
URL = "/community/files/assign/"


def responsible(*made: object) -> list[str | None]:
    with fence(system()):
        files = [AssistanceFile.objects.select_related("worker").get(pk=m.file.pk) for m in made]
        return [file.worker.username if file.worker else None for file in files]


def test_the_picked_get_another_worker_and_nobody_else(client: Client, helped) -> None:
    one, two, three = helped("王小明"), helped("李大海"), helped("赵三")
    theirs = helped("乙家的人", unit=B)
    with fence(system()):
        AssistanceFile.objects.update(worker=None)
    sign_in(client, "worker-a")
    worker = account("worker-a").pk
    picked = [one.person.pk, two.person.pk, theirs.person.pk]
    answer = client.post(URL, {"query": "q=王", "pick": picked, "worker": worker})
    assert answer["Location"].startswith("/community/people/?q=")
    # Found by the list's own filter and inside the area: one of the three.
    assert responsible(one, two, three, theirs) == ["worker-a", None, None, None]
    client.post(URL, {"query": "", "all": "1", "worker": worker})
    assert responsible(one, two, three, theirs) == ["worker-a"] * 3 + [None]


def test_a_worker_of_elsewhere_is_refused_and_nothing_changed(client: Client, helped) -> None:
    one, two = helped("王小明"), helped("李大海")
    sign_in(client, "worker-a")
    stranger = account("worker-b").pk
    answer = client.post(URL, {"query": "", "all": "1", "worker": stranger}, follow=True)
    assert "这位工作人员不负责这个片区。没有改动。" in answer.content.decode()
    assert responsible(one, two) == ["worker-a", "worker-a"]
    empty = client.post(URL, {"query": ""}, follow=True)
    assert "没有在册的援助档案" in empty.content.decode()


def test_without_the_right_there_is_no_button_and_no_way(client: Client, helped) -> None:
    made = helped()
    sign_in(client, "grid-a")
    assert "换责任人" not in client.get("/community/people/").content.decode()
    answer = client.post(URL, {"query": "", "pick": made.person.pk, "worker": 1})
    assert answer.status_code == 403
