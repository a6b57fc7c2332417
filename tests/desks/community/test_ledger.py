"""The ledger: what it lists, whom it hides, what it costs."""

import io
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import A, B, actor
from weiye.base.files.models import StoredFile
from weiye.base.runs.models import Run
from weiye.base.scope.fence import fence
from weiye.desks.community.views.ledger import ledger_page
from weiye.desks.components.lists import exports
from weiye.services.assistance.models import AssistanceFile

pytestmark = pytest.mark.django_db
EXPORT, KIND = "/lists/ledger/export/", "people.export"
LEDGER = "/community/people/"


@pytest.mark.requirement("ORG-2")
def test_a_worker_sees_the_own_community_alone(helped, signed) -> None:
    helped("甲家的人", unit=A)
    helped("乙家的人", unit=B)
    text = signed("worker-a").get(LEDGER).content.decode()
    assert "甲家的人" in text
    assert "乙家的人" not in text


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("username", ["city", "province", "admin"])
def test_who_steers_by_figures_sees_no_person(helped, signed, username: str) -> None:
    made = helped("甲家的人")
    client = signed(username)
    assert client.get(LEDGER).status_code == 403
    assert client.get(f"{LEDGER}{made.person.pk}/").status_code == 403
    summary = client.get("/community/", follow=True)
    assert summary.redirect_chain == [("/community/summary/", 302)]
    assert "甲家的人" not in summary.content.decode()


def test_the_first_page_asks_for_a_roster(signed) -> None:
    text = signed("worker-a").get(LEDGER).content.decode()
    assert "台账里还没有人" in text
    assert "missing variable" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"王小明", "李大海", "赵新来"}),
        ("q=王", {"王小明"}),
        ("q=li da", {"李大海"}),
        ("q=200000000", set()),
        ("q=20000000002", {"李大海"}),
        ("q=37990119700101001x", {"王小明"}),
        ("group=长期失业", {"王小明", "李大海", "赵新来"}),
        ("group=残疾", set()),
        ("pace=behind", {"王小明", "李大海"}),
        ("pace=on_track", {"赵新来"}),
        ("pace=complete", set()),
        ("news=opened", {"赵新来"}),
        ("news=to_close", set()),
        ("file=no", set()),
        ("file=mine", {"王小明", "李大海", "赵新来"}),
        ("status=失业", {"王小明", "李大海", "赵新来"}),
        ("status=unknown", set()),
        ("age_from=49&age_to=51", {"王小明", "李大海"}),
        ("age_to=30", {"赵新来"}),
        ("joined=长期失业", {"赵新来"}),
    ],
)
def test_filters_and_search(helped, signed, query: str, found: set[str]) -> None:
    helped("王小明")
    helped("李大海")
    helped("赵新来", days=2, birth_date=timezone.localdate() - timedelta(days=25 * 365))
    text = signed("worker-a").get(f"{LEDGER}?{query}", follow=True).content.decode()
    assert {n for n in ("王小明", "李大海", "赵新来") if f">{n}</a>" in text} == found


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize(
    "typed",
    ["{id}", "{phone}", " 200 0000 0001 ", "２００００００００01", "+86{phone}", "王小明 {phone}"],
)
def test_a_number_searched_for_stands_in_no_address(
    helped, signed, typed: str, method: str
) -> None:
    one = helped("王小明").person
    helped("李大海")
    text = typed.format(id=one.id_number, phone=one.phone)
    client = signed("worker-a")
    sent = {"q": text, "group": "长期失业", "status": "", "sort": "-age", "col": ["status", "age"]}
    answer = getattr(client, method)(LEDGER, sent)
    assert answer.status_code == 302
    target = answer["Location"]
    assert target.startswith(f"{LEDGER}?")
    asked = QueryDict(target.partition("?")[2])
    assert set(asked) == {"q", "group", "sort", "col"}
    assert asked.getlist("col") == ["status", "age"]
    page = client.get(target)
    assert page.status_code == 200
    body = page.content.decode()
    assert ">王小明</a>" in body
    assert ">李大海</a>" not in body
    assert "按号码查找" in body
    for shown in (target, body):
        for number in (one.id_number, one.phone, text.strip(), "20000000001"):
            assert number not in shown
    # The form carries the search on while another filter changes; a name typed takes its place.
    held = {"q": "", "q_held": asked["q"], "group": "残疾"}
    assert QueryDict(client.post(LEDGER, held)["Location"].partition("?")[2]).dict() == {
        "q": asked["q"],
        "group": "残疾",
    }
    named = client.post(LEDGER, {**held, "q": "王"})["Location"]
    assert QueryDict(named.partition("?")[2]).dict() == {"q": "王", "group": "残疾"}
    repeated = QueryDict(mutable=True)
    repeated.update({"q": text, "group": "长期失业"})
    exported = client.post(EXPORT, {"query": repeated.urlencode()})
    assert QueryDict(exported["Location"].partition("?")[2])["q"] == asked["q"]


def test_a_name_searched_for_stays_in_the_address(helped, signed) -> None:
    helped("王小明")
    client = signed("worker-a")
    assert client.get(LEDGER, {"q": "王 小"}).status_code == 200
    assert client.post(LEDGER, {"q": "王"})["Location"] == f"{LEDGER}?q=%E7%8E%8B"
    assert client.post(LEDGER, {"q": "", "status": ""})["Location"] == LEDGER
    body = client.get(LEDGER, {"q": "王"}).content.decode()
    assert 'value="王"' in body
    assert 'name="q_held"' not in body


def test_the_ledger_costs_the_same_for_one_and_for_many(helped, signed) -> None:
    client = signed("worker-a")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(LEDGER).status_code == 200
        return len(caught)

    helped()
    one = cost()
    for n in range(55):
        helped(f"张三{n}")
    many = cost()
    assert one == many
    assert many <= 22, "session, account, memberships, fence, runs, grids, count, rows"


def test_the_count_reads_people_alone(helped) -> None:
    helped("甲家的人", unit=A)
    me = actor("worker-a")
    with fence(me):
        plain, _ = ledger_page(me, QueryDict(""))
        with CaptureQueriesContext(connection) as asked:
            assert plain.total == 1
        (count,) = asked.captured_queries
        assert "JOIN" not in count["sql"]
        assert "assistance_" not in count["sql"]
        # What is narrowed by is joined, and counts the same people as the list shows.
        narrowed, _ = ledger_page(me, QueryDict("file=yes&pace=on_track"))
        assert narrowed.total == len(narrowed.objects)


@pytest.mark.parametrize("sort", ["name", "-name", "age", "-age", "unit", "-progress"])
def test_what_was_searched_for_is_sorted_like_the_rest(helped, sort: str) -> None:
    for name in ("王小明", "王大海", "王二", "李王"):
        helped(name, unit=A)
    me = actor("worker-a")
    with fence(me):
        everybody, _ = ledger_page(me, QueryDict(f"sort={sort}"))
        found, _ = ledger_page(me, QueryDict(f"q=王&sort={sort}"))
        assert len(found.objects) == 4
        assert [p.pk for p in found.objects] == [p.pk for p in everybody.objects]


@pytest.mark.requirement("ORG-2")
def test_drilling_into_a_unit_of_the_area_and_not_beyond(helped, signed) -> None:
    helped("甲家的人", unit=A)
    helped("乙家的人", unit=B)
    client = signed("clerk")
    both = client.get(LEDGER).content.decode()
    assert "甲家的人" in both
    assert "乙家的人" in both
    text = client.get(LEDGER, {"unit": A}).content.decode()
    assert "甲家的人" in text
    assert "乙家的人" not in text
    assert client.get(LEDGER, {"unit": "371002002001"}).status_code == 404
    assert client.get(LEDGER, {"unit": "\x00'"}).status_code == 404


def test_the_export_holds_what_was_seen_and_nothing_of_the_neighbours(helped) -> None:
    helped("王小明", unit=A)
    helped("=cmd|' /C calc'!A0", unit=A)
    helped("乙家的人", unit=B)
    me = actor("worker-a")
    with fence(me):
        run = Run(
            kind=KIND,
            unit_path=me.path,
            args={"list": "ledger", "query": "col=status", "picked": []},
        )
        result = exports.write(me, run, Silent())
        assert run.file is not None
        content = StoredFile.objects.get(pk=run.file.pk).read()
    assert result["rows"] == 2
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert rows[0] == ["姓名", "就业状态"]
    assert sorted(r[0] for r in rows[1:]) == ["=cmd|' /C calc'!A0", "王小明"]
    assert all(cell.data_type == "s" for row in sheet.rows for cell in row)


class Silent:
    def report(self, done: int, total: int, message: str) -> None:
        return None


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 30, "9" * 5000], ids=len)
def test_no_number_is_too_long_to_be_answered(helped, signed, digits: str) -> None:
    made = helped()
    client = signed("worker-a")
    for query in ("page", "age_from", "age_to"):
        assert client.get(LEDGER, {query: digits}).status_code == 200, query
    text = client.get(LEDGER, {"age_from": digits}).content.decode()
    assert "年龄请填0到150之间的整数" in text
    picked = client.post(EXPORT, {"query": "", "pick": [digits, str(made.person.pk)]})
    assert picked.status_code == 302
    me = actor("worker-a")
    with fence(me):
        run = Run.objects.get(kind=KIND)
        assert run.args["picked"] == [made.person.pk]
        assert exports.write(me, run, Silent())["rows"] == 1
    client.post(f"/community/files/{made.file.pk}/assign/", {"worker": digits})
    for route in ("people/{}/", "people/{}/print/", "people/{}/match/", "people/{}/edit/"):
        assert client.get("/community/" + route.format(digits)).status_code == 404, route
    for route in ("vacancies/{}/", "vacancies/{}/match/", "imports/{}/", "runs/{}/"):
        assert client.get("/community/" + route.format(digits)).status_code == 404, route
    assert client.get(f"/jobs/{digits}/").status_code == 404


def test_the_export_of_a_selection(helped) -> None:
    one, _ = helped("王小明"), helped("李大海")
    me = actor("worker-a")
    with fence(me):
        run = Run(
            kind=KIND,
            unit_path=me.path,
            args={"list": "ledger", "query": "", "picked": [one.person.pk]},
        )
        assert exports.write(me, run, Silent())["rows"] == 1


def test_a_number_searched_for_is_not_kept_in_clear_with_the_export(helped, signed) -> None:
    one, _ = helped("王小明"), helped("李大海")
    client = signed("worker-a")
    for number in (one.person.id_number, one.person.phone):
        client.post(EXPORT, {"query": f"q={number}&col=status"})
    me = actor("worker-a")
    with fence(me):
        runs = list(Run.objects.filter(kind=KIND).order_by("id"))
        assert len(runs) == 2
        for run in runs:
            assert one.person.id_number not in str(run.args)
            assert one.person.phone not in str(run.args)
            assert exports.write(me, run, Silent())["rows"] == 1


def test_asking_for_an_export_queues_it_once(helped, signed) -> None:
    helped()
    client = signed("worker-a")
    for _ in range(2):
        answer = client.post(EXPORT, {"query": "group=长期失业&sort=-age"})
        assert answer.status_code == 302
    with fence(actor("worker-a")):
        assert Run.objects.filter(kind=KIND).count() == 1
    text = client.get(LEDGER).content.decode()
    assert "导出台账" in text
    assert "取消" in text


def test_a_grid_worker_may_not_export(helped, signed) -> None:
    helped()
    client = signed("grid-a")
    assert client.post(EXPORT, {"query": ""}).status_code == 403
    assert "导出Excel" not in client.get(LEDGER).content.decode()


def test_the_pace_of_the_list_is_that_of_the_page(helped, signed) -> None:
    made = helped()
    me = actor("worker-a")
    with fence(me):
        page, _ = ledger_page(me, QueryDict("pace=behind"))
        listed = page.objects[0].progress
        assert AssistanceFile.objects.get(pk=made.file.pk).quota == "12333"
    text = signed("worker-a").get(f"{LEDGER}{made.person.pk}/").content.decode()
    assert f"落后{listed['behind']}次" in text
