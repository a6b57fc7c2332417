"""One person's page: what is told, what is masked, what is done there."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.fence import fence
from weiye.services.assistance.models import AssistanceFile, Contact, ListEntry

pytestmark = pytest.mark.django_db


def url(made, rest: str = "") -> str:  # type: ignore[no-untyped-def]
    return f"/community/people/{made.person.pk}/{rest}"


def form(**changes: object) -> dict[str, object]:
    return {
        "kind": "vacancy",
        "way": "visit",
        "on": timezone.localdate().isoformat(),
        "note": "介绍了食堂的岗位",
        "token": str(uuid.uuid4()),
        **changes,
    }


@pytest.mark.requirement("AID-2")
def test_four_lists_each_entry_with_its_reason_and_source(helped, signed) -> None:
    text = signed("worker-a").get(url(helped())).content.decode()
    for words in ("需求清单", "岗位清单", "政策清单", "培训清单", "理由一；理由二", "某条某款"):
        assert words in text
    assert "missing variable" not in text


@pytest.mark.requirement("AID-1")
def test_the_file_names_its_worker_and_why_it_was_opened(helped, signed) -> None:
    text = signed("worker-a").get(url(helped())).content.decode()
    assert "属于长期失业。" in text
    assert "失业已满1年。" in text
    assert "worker-a" in text


def test_numbers_are_masked_until_asked_for(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    text = client.get(url(made)).content.decode()
    assert made.person.id_number not in text
    assert made.person.phone not in text
    refused = client.post(url(made, "reveal/id_number/"), {"reason": " "})
    assert refused.status_code == 422
    answer = client.post(
        url(made, "reveal/id_number/"), {"reason": "核对身份"}, headers={"HX-Request": "true"}
    )
    assert made.person.id_number in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    with fence(actor("worker-a")):
        entry = AuditEntry.objects.get(verb="person.reveal")
    assert entry.detail == {"field": "id_number", "reason": "核对身份"}
    masked = client.get(url(made, "reveal/id_number/"), headers={"HX-Request": "true"})
    assert made.person.id_number not in masked.content.decode()


def test_revealing_works_without_scripts(helped, signed) -> None:
    made = helped()
    answer = signed("worker-a").post(url(made, "reveal/phone/"), {"reason": "联系本人"})
    assert made.person.phone in answer.content.decode()
    assert "回到这个人" in answer.content.decode()


@pytest.mark.parametrize("field", ["name", "id_index", "password"])
def test_only_what_is_masked_is_revealed(helped, signed, field: str) -> None:
    answer = signed("worker-a").post(url(helped(), f"reveal/{field}/"), {"reason": "x"})
    assert answer.status_code == 404


def test_every_reading_is_logged_and_shown(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    client.get(url(made))
    text = client.get(url(made)).content.decode()
    assert "worker-a 打开了这一页" in text
    with fence(actor("worker-a")):
        assert AuditEntry.objects.filter(verb="person.read").count() == 2


def test_printing_is_logged_as_printing(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    assert client.get(url(made, "print/")).status_code == 200
    with fence(actor("worker-a")):
        logged = AuditEntry.objects.filter(thing_type="person", thing_id=str(made.person.pk))
        assert [entry.verb for entry in logged] == ["person.print"]
    assert "worker-a 打印了清单" in client.get(url(made)).content.decode()


@pytest.mark.requirement("ORG-2")
def test_the_neighbours_person_does_not_exist(helped, signed) -> None:
    made = helped(unit=B)
    client = signed("worker-a")
    for rest in ("", "print/"):
        assert client.get(url(made, rest)).status_code == 404
    assert client.post(url(made, "reveal/phone/"), {"reason": "x"}).status_code == 404
    assert client.post(url(made, "contacts/"), form()).status_code == 404
    entry, file, contact = made.entries["job"].pk, made.file.pk, made.contact.pk
    for path in (
        f"/community/entries/{entry}/hide/",
        f"/community/entries/{entry}/restore/",
        f"/community/files/{file}/close/",
        f"/community/files/{file}/reopen/",
        f"/community/files/{file}/assign/",
        f"/community/contacts/{contact}/withdraw/",
    ):
        assert client.post(path, {"reason": "x", "worker": "1"}).status_code == 404, path


@pytest.mark.requirement("AID-3")
def test_a_contact_is_recorded_and_counted_once(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    sent = form(entries=[str(made.entries["job"].pk)])
    for _ in range(2):
        assert client.post(url(made, "contacts/"), sent)["Location"] == url(made)
    with fence(actor("worker-a")):
        found = Contact.objects.get(kind="vacancy")
    assert (found.note, found.entries, found.worker_name) == (
        "介绍了食堂的岗位",
        [made.entries["job"].pk],
        "worker-a",
    )
    text = client.get(url(made)).content.decode()
    assert "介绍了食堂的岗位" in text
    assert "<b>1 / 3</b>" in text


@pytest.mark.requirement("AID-3")
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": ""}, "请选择谈了什么。"),
        ({"kind": "chat"}, "chat"),
        ({"on": "不知道"}, "请按“年-月-日”填写日期"),
        ({"on": "2999-01-01"}, "日期不能晚于今天。"),
        ({"on": "1999-01-01"}, "日期不能早于建档日期"),
        ({"note": "  "}, "请填写记录。"),
        ({"note": "长" * 501}, "500"),
        ({"entries": ["999999"]}, "999999"),
        ({"token": "x"}, "UUID"),
    ],
)
def test_a_wrong_contact_is_explained_and_what_was_typed_stays(
    helped, signed, changes: dict[str, object], sentence: str
) -> None:
    made = helped()
    answer = signed("worker-a").post(url(made, "contacts/"), form(**changes))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    if "note" not in changes:
        assert "介绍了食堂的岗位" in text
    with fence(actor("worker-a")):
        assert Contact.objects.count() == 1


@pytest.mark.requirement("AID-3")
def test_a_contact_recorded_in_error_is_withdrawn_with_a_reason(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    path = f"/community/contacts/{made.contact.pk}/withdraw/"
    client.post(path, {"reason": ""})
    with fence(actor("worker-a")):
        assert Contact.objects.get().withdrawn_because == ""
    client.post(path, {"reason": "记错了人"})
    text = client.get(url(made)).content.decode()
    assert "已作废：记错了人" in text


@pytest.mark.requirement("AID-2")
def test_an_unsuitable_entry_is_hidden_with_a_reason_and_comes_back(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    entry = made.entries["job"].pk
    client.post(f"/community/entries/{entry}/hide/", {"reason": "离家太远"})
    text = client.get(url(made)).content.decode()
    assert "不再推荐的 1 条" in text
    assert "原因：离家太远" in text
    client.post(f"/community/entries/{entry}/restore/")
    with fence(actor("worker-a")):
        assert ListEntry.objects.get(pk=entry).hidden_because == ""


@pytest.mark.requirement("AID-1")
def test_closing_with_a_reason_and_opening_again(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    path = f"/community/files/{made.file.pk}/"
    client.post(f"{path}close/", {"reason": "已稳定就业", "note": "在食堂上班"})
    text = client.get(url(made)).content.decode()
    assert "已稳定就业（在食堂上班）" in text
    assert "记一次联系" not in text
    client.post(f"{path}reopen/", {"reason": "又失业了"})
    with fence(actor("worker-a")):
        assert AssistanceFile.objects.get().state == "open"


def test_handing_over_to_another_worker(helped, signed) -> None:
    made = helped()
    client = signed("worker-a")
    grid = actor("grid-a").account_id
    client.post(f"/community/files/{made.file.pk}/assign/", {"worker": str(grid)})
    with fence(actor("worker-a")):
        assert AssistanceFile.objects.get().worker_id == grid
    text = client.post(
        f"/community/files/{made.file.pk}/assign/", {"worker": "abc"}, follow=True
    ).content.decode()
    assert "不负责这个片区" in text


def test_a_grid_worker_records_but_does_not_manage(helped, signed) -> None:
    made = helped()
    client = signed("grid-a")
    text = client.get(url(made)).content.decode()
    assert "保存这次联系" in text
    assert "不再推荐" not in text
    assert "结案原因" not in text
    path = f"/community/entries/{made.entries['job'].pk}/hide/"
    assert client.post(path, {"reason": "x"}).status_code == 403


@pytest.mark.requirement("AID-2")
def test_the_lists_print_on_one_sheet(helped, signed) -> None:
    made = helped()
    text = signed("worker-a").get(url(made, "print/")).content.decode()
    for words in (
        "就业服务清单",
        "需求清单",
        "岗位清单",
        "政策清单",
        "培训清单",
        "本人签字",
        "测试甲社区",
    ):
        assert words in text
    assert made.person.id_number not in text
    assert "missing variable" not in text


def test_a_person_without_a_file(helped, signed) -> None:
    made = helped()
    with fence(actor("worker-a")):
        made.file.delete()
    text = signed("worker-a").get(url(made)).content.decode()
    assert "没有援助档案" in text
    assert "missing variable" not in text


def test_the_page_costs_the_same_however_much_was_done(helped, signed) -> None:
    client = signed("worker-a")

    def cost(made) -> int:  # type: ignore[no-untyped-def]
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url(made)).status_code == 200
        return len(caught)

    plain, full = helped(), helped("李大海")
    with fence(actor("worker-a")):
        for n in range(8):
            Contact.objects.create(
                file=full.file,
                unit_path=full.file.unit_path,
                kind="guidance",
                way="phone",
                on=timezone.localdate() - timedelta(n),
                worker_name="x",
                note="x",
                token=uuid.uuid4(),
            )
    assert cost(plain) == cost(full)
