"""The papers of a case, as pages and as office documents; the desks' own pages (PPL-6)."""

import io
import zipfile
from xml.etree import ElementTree

import pytest
from django.test import Client

from tests.services.certification.people import DAY, brought, opened, somebody
from tests.world import PERSON_1, actor, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.services.certification import actions, documents, queries
from weiye.services.certification.models import Case, CaseState

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-6")]
_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"


def words(content: bytes) -> str:
    """All text of a .docx, header included; every part must be well-formed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        roots = [ElementTree.fromstring(archive.read(name)) for name in archive.namelist()]
    return "\n".join(node.text or "" for root in roots for node in root.iter(_TEXT))


def test_each_state_has_its_papers_and_they_say_what_they_must() -> None:
    county = actor("county")
    with fence(system()):
        case, on = brought(somebody(name="王<小>&明"), "certify")
    with fence(county):
        page = queries.case_page(county, case.pk, as_of=on)
        keys = [key for key, _ in documents.kinds_of(page)]
        assert keys == ["application", "accepted", "notice", "certificate"]
        assert documents.sheet(page, "refusal", on=on) is None
        assert documents.sheet(page, "nothing", on=on) is None
        texts = {}
        for key in keys:
            sheet = documents.sheet(page, key, on=on)
            assert sheet is not None
            content = documents.document(sheet)
            assert content == documents.document(sheet)
            texts[key] = words(content)
            assert "演　示" in texts[key]
    assert page.certificate is not None
    assert page.certificate.number in texts["certificate"]
    assert "王<小>&明" in texts["certificate"] and "379901198101101229" not in str(texts)
    # The notice names nobody whole.
    assert "王<小>&明" not in texts["notice"] and "5个工作日" in texts["notice"]
    assert "系统已有" in texts["application"] and "情况属实" in texts["application"]


def test_a_refusal_tells_of_the_right_to_another_look() -> None:
    county = actor("county")
    with fence(system()):
        case, _ = brought(somebody(synthetic=False), "review")
    with fence(county):
        actions.refuse(actor=county, case_id=case.pk, on=DAY, note="家中有人就业")
        sheet = documents.sheet(queries.case_page(county, case.pk, as_of=DAY), "refusal", on=DAY)
    assert sheet is not None
    said = "".join(sheet.paragraphs)
    assert "家中有人就业" in said and "2026年3月23日" in said and "复核" in said
    assert "行政复议" in said and "演　示" not in words(documents.document(sheet))


def test_the_desk_files_reviews_decides_and_prints(client: Client) -> None:
    with fence(system()):
        person = somebody()
        case = opened(person)
    home = f"/community/certification/{case.pk}/"
    for username, step, form in (
        ("worker-a", "submit", {}),
        ("worker-a", "accept", {}),
        ("clerk", "pass", {"note": "属实"}),
        ("county", "publish", {}),
    ):
        sign_in(client, username)
        assert client.get(home).status_code == 200
        assert client.post(f"{home}{step}/", form).status_code == 302, step
        # Sent again by the back button: told so, nothing done twice.
        assert client.post(f"{home}{step}/", form).status_code == 422
    with fence(system()):
        assert Case.objects.get(pk=case.pk).state == CaseState.NOTICE
    answer = client.get(f"{home}sheets/notice/?as=docx")
    assert (
        answer["Content-Type"] == documents.DOCX and "attachment" in answer["Content-Disposition"]
    )
    assert "演示" in client.get(f"{home}sheets/notice/").content.decode()
    assert client.get(f"{home}sheets/certificate/").status_code == 404
    assert client.post(f"{home}certify/").status_code == 422
    with fence(system()):
        assert AuditEntry.objects.filter(verb="certification.print").count() == 2
    sign_in(client, "worker-a")
    assert client.post(f"{home}publish/").status_code == 403


def test_several_at_once_at_the_county(client: Client) -> None:
    with fence(system()):
        cases = [brought(somebody(name=name, id_index=name), "review")[0] for name in ("甲", "乙")]
    sign_in(client, "county")
    form = {"verb": "publish", "pick": [case.pk for case in cases]}
    page = client.post("/community/certification/decide/", form, follow=True).content.decode()
    assert "已开始公示2份" in page
    again = client.post("/community/certification/decide/", form, follow=True).content.decode()
    assert "甲：" in again and "不能办理" in again
    nothing = client.post("/community/certification/decide/", {"verb": "publish"}, follow=True)
    assert "请先勾选" in nothing.content.decode()


def test_a_resident_on_their_own_page(client: Client) -> None:
    with fence(system()):
        somebody(pk=PERSON_1, id_number=None, id_index=None)
    sign_in(client, "resident-1")
    home = "/mine/certification/"
    form = client.get(home).context["form"]
    sent = {"token": str(form["token"].value()), "category": "elder", "statement": ""}
    assert client.post(home, sent).status_code == 302
    assert client.post(home, sent).status_code == 302  # a double tap: the same one
    page = client.get(home)
    assert [p.document.id for p in page.context["page"].missing] == ["identity"]
    case = page.context["case"]
    assert client.post(f"{home}{case.pk}/submit/").status_code == 422
    bad = {"document": "identity", "file": io.BytesIO(b"no picture")}
    assert "只收照片" in client.post(f"{home}{case.pk}/papers/", bad).content.decode()
    photo = io.BytesIO(b"\xff\xd8\xff" + b"0" * 99)
    photo.name = "我的.jpg"
    good = {"document": "identity", "file": photo}
    assert client.post(f"{home}{case.pk}/papers/", good).status_code == 302
    assert client.post(f"{home}{case.pk}/submit/").status_code == 302
    told = client.get(home).content.decode()
    assert "待受理" in told and "已经交了" in told
    assert client.get(f"{home}{case.pk}/sheets/application/").status_code == 200
    assert client.post(f"{home}{case.pk}/certify/").status_code == 404
    sign_in(client, "resident-2")
    assert client.get(f"{home}{case.pk}/sheets/application/").status_code == 404
    assert client.post(f"{home}{case.pk}/withdraw/").status_code == 404
