"""Drafts, columns, themes and suggestions: what makes work comfortable and changes no fact."""

import json
import uuid

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.registers.people.transfers.making import DAY, home
from tests.world import A, actor, sign_in
from weiye.base.drafts import queries as drafts
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.desks.components.forms import ComponentForm, UnitField
from weiye.desks.components.lists import Column, ListPage, ListSpec
from weiye.services.assistance.models import AssistanceFile

pytestmark = pytest.mark.django_db


def keep(client: Client, form: str, fields: object) -> int:
    return client.post("/drafts/", {"form": form, "fields": json.dumps(fields)}).status_code


def kept(username: str, form: str) -> dict[str, list[str]] | None:
    me = actor(username)
    with fence(me):
        found = drafts.draft(me, form)
    return found.fields if found else None


def test_a_form_is_kept_offered_again_and_gone_when_it_is_sent(client: Client) -> None:
    sign_in(client, "worker-a")
    assert keep(client, "vacancy:new", {"title": ["帮厨"], "hours": ["1"]}) == 200
    page = client.get("/community/vacancies/new/").content.decode()
    assert "data-draft-fields=" in page
    assert "帮厨" in page
    # Sent with a fault, it stays; the page shows what was sent, not the draft.
    data = {"draft": "vacancy:new", "title": "", "hours": "1"}
    refused = client.post("/community/vacancies/new/", data)
    assert refused.status_code == 422
    assert "data-draft-fields=" not in refused.content.decode()
    assert kept("worker-a", "vacancy:new") is not None
    data = {
        "draft": "vacancy:new",
        "title": "帮厨",
        "employer_name": "惠民店",
        "kind": "全职",
        "openings": "1",
        "hours": "1",
    }
    sent = client.post("/community/vacancies/new/", data)
    assert sent.status_code == 302, sent.context["form"].errors
    assert kept("worker-a", "vacancy:new") is None


def test_a_form_sent_after_the_session_ended_keeps_its_draft(client: Client) -> None:
    sign_in(client, "worker-a")
    keep(client, "vacancy:new", {"title": ["帮厨"]})
    client.logout()
    answer = client.post("/community/vacancies/new/", {"draft": "vacancy:new", "title": "帮厨"})
    assert answer["Location"].startswith("/signin/")
    assert kept("worker-a", "vacancy:new") == {"title": ["帮厨"]}
    # And nothing is kept for nobody.
    assert keep(client, "vacancy:new", {"title": ["x"]}) == 302


def test_a_form_sent_back_with_an_error_keeps_its_draft(client: Client) -> None:
    """The answer is a redirect, and still nothing was taken."""
    person = home(A)[0]
    with fence(system()):
        AssistanceFile.objects.filter(person=person).update(
            state="closed", closed_on=DAY, closed_because="x"
        )
    sign_in(client, "worker-a")
    form, url = f"contact:{person.pk}", reverse("community:contact", args=[person.pk])
    keep(client, form, {"note": ["谈了一个小时"]})
    sent = client.post(url, {"draft": form, "note": "谈了一个小时"})
    assert sent.status_code == 302
    assert kept("worker-a", form) == {"note": ["谈了一个小时"]}
    # The error that nobody has read yet says nothing about the next form.
    with fence(system()):
        AssistanceFile.objects.filter(person=person).update(
            state="open", closed_on=None, closed_because=""
        )
    data = {"kind": "policy", "way": "phone", "on": timezone.localdate(), "token": uuid.uuid4()}
    sent = client.post(url, {"draft": form, "note": "谈了一个小时", **data})
    assert sent.status_code == 302
    assert kept("worker-a", form) is None


def test_an_unwanted_draft_is_thrown_away(client: Client) -> None:
    sign_in(client, "worker-a")
    keep(client, "vacancy:new", {"title": ["帮厨"]})
    client.post("/drafts/discard/", {"form": "vacancy:new", "next": "/community/vacancies/new/"})
    assert kept("worker-a", "vacancy:new") is None


@pytest.mark.parametrize(
    "fields", ["", "no json", "[]", '{"a": "text"}', '{"a": [1]}', '{"a": [["x"]]}', "[" * 9999]
)
def test_what_is_no_form_is_refused(client: Client, fields: str) -> None:
    sign_in(client, "worker-a")
    answer = client.post("/drafts/", {"form": "vacancy:new", "fields": fields})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_form_too_long_is_told_so(client: Client) -> None:
    sign_in(client, "worker-a")
    answer = client.post(
        "/drafts/", {"form": "vacancy:new", "fields": json.dumps({"a": ["长" * 40_000]})}
    )
    assert answer.status_code == 400
    assert "太长" in answer.json()["message"]


def test_columns_are_remembered_for_the_account_alone(client: Client) -> None:
    sign_in(client, "worker-a")
    page = "/community/vacancies/"
    answer = client.post("/lists/vacancies/columns/", {"col": ["kind", "hours"], "next": page})
    assert answer["Location"] == page
    me, other = actor("worker-a"), actor("worker-b")
    spec = ListSpec(
        columns=tuple(Column(k, k, str) for k in ("title", "state", "kind", "hours")),
        name="vacancies",
    )

    def shown(who, query: str = "") -> list[str]:
        with fence(who):
            found = ListPage(spec, Unit.objects.none(), QueryDict(query), who)
            return [column.key for column in found.columns]

    assert shown(me) == ["title", "kind", "hours"]
    assert shown(me, "col=state") == ["title", "state"]
    assert shown(other) == ["title", "state", "kind", "hours"]
    with fence(me):
        found = ListPage(spec, Unit.objects.none(), QueryDict("page=2"), me)
        assert QueryDict(found.query).getlist("col") == ["kind", "hours"]
    client.post("/lists/vacancies/columns/", {"next": page})
    assert shown(me) == ["title", "state", "kind", "hours"]


def test_rows_are_picked_from_what_the_list_shows() -> None:
    spec = ListSpec(columns=(Column("name", "名称", lambda u: u.name),))
    units = Unit.objects.filter(level="community")
    inside, outside = units.order_by("pk")[0].pk, Unit.objects.get(level="province").pk
    page = ListPage(spec, units, QueryDict())
    assert [u.pk for u in page.picked(QueryDict(f"pick={inside}&pick={outside}&pick=x"))] == [
        inside
    ]
    assert page.picked(QueryDict("all=1")).count() == page.total
    assert page.picked(QueryDict("")).count() == 0


@pytest.mark.parametrize(
    ("name", "status"), [("ledger", 403), ("vacancies", 302), ("nothing", 404)]
)
def test_an_export_asks_for_the_lists_own_right(client: Client, name: str, status: int) -> None:
    sign_in(client, "city")
    assert client.post(f"/lists/{name}/export/", {"query": ""}).status_code == status


def test_the_theme_is_kept_by_the_browser(client: Client) -> None:
    client.post("/account/theme/", {"theme": "dark", "next": "/signin/"})
    assert 'data-bs-theme="dark"' in client.get("/signin/").content.decode()
    client.post("/account/theme/", {"theme": '"><script>', "next": "/signin/"})
    assert "data-bs-theme" not in client.get("/signin/").content.decode()


def test_units_are_suggested_and_taken_by_name_or_code(client: Client) -> None:
    text = client.get("/units/suggest/", {"home": "测试甲"}, HTTP_HX_TRIGGER_NAME="home")
    assert f'value="{A} 测试甲社区"' in text.content.decode()

    class Where(ComponentForm):
        unit = UnitField(label="单位", within="37/10/", levels=("community",))

    def said(value: str) -> object:
        form = Where({"unit": value})
        return form.cleaned_data["unit"].code if form.is_valid() else form.errors["unit"][0]

    assert said(f"{A} 测试甲社区") == A
    assert said("测试甲社区") == A
    assert said("环翠区") == "没有找到“环翠区”，请从提示里选一个。"
    assert said("测试戊社区") == "没有找到“测试戊社区”，请从提示里选一个。"


def test_units_whose_codes_hold_letters_are_taken_too() -> None:
    with fence(system()):
        city = Unit.objects.get(code="371000000000")
        Unit.objects.create(
            code="3710nh", name="南海新区", level="county", parent=city, path="37/10/nh/"
        )
        home = Unit.objects.get(code=A)
        Unit.objects.create(
            code=f"{A}g01", name="第一网格", level="grid", parent=home, path=f"{home.path}g01/"
        )

    class Where(ComponentForm):
        unit = UnitField(label="单位")

    for value, code in (
        ("3710nh 南海新区", "3710nh"),
        ("3710nh", "3710nh"),
        ("南海新区", "3710nh"),
        (f"{A}g01 第一网格", f"{A}g01"),
        (f"{A}g01", f"{A}g01"),
    ):
        form = Where({"unit": value})
        assert form.is_valid(), value
        assert form.cleaned_data["unit"].code == code
