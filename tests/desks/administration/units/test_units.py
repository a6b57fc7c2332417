"""The pages of the tree: browsing, search, suggestions, changes with their preview, imports."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from python_calamine import load_workbook

from tests.world import A, B, D, E, actor, path_of, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.regions import actions
from weiye.base.regions.models import Unit, UnitPast
from weiye.base.runs.models import Run, RunState
from weiye.base.runs.progress import Cancelled, Progress
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.desks.administration.units import jobs
from weiye.registers.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

STREET, STREET_2, COUNTY, CITY = "371002001000", "371002002000", "371002000000", "371000000000"
TODAY = timezone.localdate()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def admin() -> Client:
    client = Client()
    sign_in(client, "admin")
    return client


@pytest.fixture
def people() -> Iterator[None]:
    with fence(system()):
        for code, number in ((A, 3), (B, 2), (D, 1)):
            home = Unit.objects.get(code=code)
            for _ in range(number):
                Person.objects.create(
                    unit=home, unit_path=home.path, name="x", source="t", as_of=TODAY
                )
    yield


def page(client: Client, code: str, **params: str) -> str:
    answer = client.get(reverse("administration:unit", args=[code]), params)
    assert answer.status_code == 200
    return answer.content.decode()


def cells(html: str, name: str) -> dict[str, str]:
    """The table line of one child: label → text."""
    line = next(row for row in re.findall(r"<tr>.*?</tr>", html, re.S) if f">{name}</a>" in row)
    found = re.findall(r'data-label="([^"]+)">(.*?)</td>', line, re.S)
    return {label: re.sub(r"<[^>]+>", "", text).strip() for label, text in found}


def change(client: Client, at: str, verb: str, /, **sent: Any) -> Any:
    sent.setdefault("day", str(TODAY))
    return client.post(reverse("administration:unit-change", args=[at, verb]), sent)


def test_the_tree_shows_children_with_figures_where_the_viewer_may_know(people: None) -> None:
    county = Client()
    sign_in(county, "county")
    html = page(county, COUNTY)
    assert cells(html, "环翠楼街道")["居民"] == "5"
    assert cells(html, "环翠楼街道")["代码"] == STREET
    # Another county's page opens, without any figure.
    assert "居民</th>" not in page(county, "371003000000")
    # In the city's table only the own county's figure is known.
    html = page(county, CITY)
    assert cells(html, "环翠区")["居民"] == "5"
    assert cells(html, "文登区")["居民"] == "—"
    grid = Client()
    sign_in(grid, "grid-a")
    assert "测试甲社区" in page(grid, STREET)


def test_nobody_signed_out_and_no_unknown_code() -> None:
    assert Client().get(reverse("administration:units")).status_code == 302
    client = Client()
    sign_in(client, "worker-a")
    for code in ("379999999999", "x", "1' OR 1=1", "%00"):
        assert client.get(f"/administration/units/{code}/").status_code == 404
    assert client.get("/administration/units/").status_code == 200


def test_as_of_a_day_the_tree_is_the_old_one_and_people_count_there(
    admin: Client, people: None
) -> None:
    with fence(system()):
        actions.move(
            actor=system(),
            unit=Unit.objects.get(code=A),
            parent=Unit.objects.get(code=STREET_2),
            day=TODAY,
        )
    now = page(admin, COUNTY)
    assert (cells(now, "环翠楼街道")["居民"], cells(now, "鲸园街道")["居民"]) == ("2", "3")
    then = page(admin, COUNTY, on=str(YESTERDAY))
    assert (cells(then, "环翠楼街道")["居民"], cells(then, "鲸园街道")["居民"]) == ("5", "0")
    assert "测试甲社区" in page(admin, STREET, on=str(YESTERDAY))
    assert "测试甲社区" not in page(admin, STREET)
    for wrong in ("2026-13-01", "昨天", str(TODAY + timedelta(days=3)), "9" * 40):
        assert "今天的区划" in page(admin, STREET, on=wrong)


def search(client: Client, text: str, **more: str) -> list[str]:
    html = client.get(reverse("administration:units"), {"q": text, **more}).content.decode()
    return re.findall(r'wy-item-title" href="/administration/units/([^/]+)/"', html)


def test_search_by_name_initials_and_code(admin: Client) -> None:
    with fence(system()):
        Unit.objects.filter(code=A).update(initials="csjsq")
    assert search(admin, "甲社") == [A]
    assert search(admin, "CSJ") == [A]
    assert search(admin, "csj") == [A]
    assert search(admin, "371002001")[:2] == [STREET, A]
    assert search(admin, A) == [A]
    assert set(search(admin, "测试", level="street")) == {"371003001000", "370102001000"}
    for nothing in ("没有这个", "%", "_", "\\", "\0", "' OR 1=1 --"):
        assert search(admin, nothing) == []
    county = Client()
    sign_in(county, "county")
    assert E in search(county, "测试戊")
    assert E not in search(county, "测试戊", mine="1")


def test_former_names_and_closed_units_are_found(admin: Client) -> None:
    with fence(system()):
        a, b = (Unit.objects.get(code=code) for code in (A, B))
        actions.amend(actor=system(), unit=a, name="望海社区", day=TODAY)
        actions.merge(actor=system(), units=[b], into=a, day=TODAY)
    assert search(admin, "测试甲") == [A]
    assert search(admin, "测试乙") == [f"{B}~{b.pk}"]
    html = page(admin, f"{B}~{b.pk}")
    assert "已撤销" in html and "望海社区" in html
    # A field offers neither.
    assert B not in admin.get(reverse("administration:unit-pick"), {"q": "测试乙"}).content.decode()


def test_suggestions_stay_within_the_area_and_the_levels() -> None:
    county = Client()
    sign_in(county, "county")

    def pick(**params: Any) -> str:
        return county.get(reverse("administration:unit-pick"), params).content.decode()

    assert f'value="{A} 测试甲社区"' in pick(q="测试甲")
    assert E not in pick(q="测试戊")
    assert E in pick(q="测试戊", all="1")
    assert "370102001000" not in pick(q="测试戊", all="1", level="community")
    assert f'value="{A} ' in pick(field="parent", parent=A)
    assert "<option" not in pick(q="")


def test_a_change_is_shown_before_it_is_made(admin: Client, people: None) -> None:
    form = admin.get(reverse("administration:unit-change", args=[A, "move"])).content.decode()
    assert 'name="parent"' in form and "datalist" in form
    sent = {"parent": f"{STREET_2} 鲸园街道", "code": ""}
    shown = change(admin, A, "move", **sent)
    html = shown.content.decode()
    assert shown.status_code == 200
    assert "居民 3 人" in html and 'name="sure"' in html
    with fence(system()):
        assert Unit.objects.get(code=A).path == path_of(A)
    back = change(admin, A, "move", **sent, again="1").content.decode()
    assert f'value="{STREET_2} 鲸园街道"' in back and "wy-bad" not in back
    done = change(admin, A, "move", **sent, sure="1")
    assert done.status_code == 302
    with fence(system()):
        assert Unit.objects.get(code=A).parent.code == STREET_2


@pytest.mark.parametrize(
    ("verb", "sent"),
    [
        ("amend", {"name": "新甲社区", "code": A, "urban_rural": "111"}),
        ("merge", {"into": B}),
        ("merge", {"code": "371002001009", "name": "合并社区", "parent": STREET}),
        ("split", {"keep": "1", "code_1": "371002001008", "name_1": "分出社区"}),
        ("close", {}),
        ("add", {"what": "grid:local", "name": "第一网格"}),
    ],
)
def test_every_form_previews_and_does(admin: Client, verb: str, sent: dict[str, str]) -> None:
    before = Unit.objects.count(), UnitPast.objects.count()
    shown = change(admin, A, verb, **sent)
    assert shown.status_code == 200, re.findall(r"wy-field-error.*", shown.content.decode())
    assert "会发生什么" in shown.content.decode()
    assert (Unit.objects.count(), UnitPast.objects.count()) == before
    done = change(admin, A, verb, **sent, sure="1")
    assert done.status_code == 302
    assert admin.get(done.headers["Location"]).status_code == 200
    assert (Unit.objects.count(), UnitPast.objects.count()) != before


def test_a_closed_unit_is_opened_again(admin: Client) -> None:
    change(admin, A, "close", sure="1", day=str(YESTERDAY))
    closed = Unit.objects.get(code__startswith=f"{A}~")
    assert change(admin, closed.code, "amend", name="x", code=A).status_code == 404
    form = admin.get(reverse("administration:unit-change", args=[closed.code, "reopen"]))
    assert STREET in form.content.decode()
    done = change(admin, closed.code, "reopen", parent=STREET, code=A, sure="1")
    assert done.status_code == 302
    assert Unit.objects.get(code=A).pk == closed.pk


@pytest.mark.parametrize(
    ("verb", "sent", "words"),
    [
        ("amend", {"name": "", "code": A}, "请填写名称"),
        ("amend", {"name": "x", "code": B}, "已由测试乙社区使用"),
        ("amend", {"name": "x", "code": A, "urban_rural": "999"}, "城乡"),
        ("move", {"parent": "没有这里"}, "没有找到"),
        ("move", {"parent": A}, "没有找到"),
        ("move", {"parent": STREET}, "本来就在"),
        ("merge", {"into": B, "code": "371002001009"}, "二选一"),
        ("merge", {}, "二选一"),
        ("merge", {"into": A}, "不能并入它自己"),
        ("split", {"keep": "1", "code_1": "371002001008"}, "请填写"),
        ("split", {"keep": "0", "code_1": "371002001008", "name_1": "分出"}, "至少两个"),
        ("close", {"day": str(TODAY + timedelta(days=1))}, "不能晚于今天"),
        ("close", {"day": "不知道"}, "年-月-日"),
        ("add", {"what": "city:official", "name": "x"}, "新增什么"),
    ],
)
def test_wrong_forms_say_what_to_do(
    admin: Client, verb: str, sent: dict[str, str], words: str
) -> None:
    answer = change(admin, A, verb, **sent, sure="1")
    assert answer.status_code == 422
    html = answer.content.decode()
    assert words in html
    assert UnitPast.objects.count() == 0
    for name, value in sent.items():
        if name in ("name", "code", "code_1"):
            assert value in html


def test_who_may_not_change_meets_no_form() -> None:
    for username in ("worker-a", "clerk", "county", "city"):
        client = Client()
        sign_in(client, username)
        assert "/amend/" not in page(client, A)
        url = reverse("administration:unit-change", args=[A, "amend"])
        assert client.get(url).status_code == 403
        assert client.post(url, {"name": "x"}).status_code == 403
        assert client.get(reverse("administration:unit-import")).status_code == 403


def test_a_unit_outside_the_area_is_not_there() -> None:
    from tests.world import account
    from weiye.base.accounts.models import Membership

    with fence(system()):
        county = Unit.objects.get(code="371003000000")
        Membership.objects.filter(account=account("admin")).update(
            unit=county, unit_path=county.path
        )
    client = Client()
    sign_in(client, "admin")
    assert client.get(reverse("administration:unit-change", args=[D, "amend"])).status_code == 200
    for verb in ("amend", "move", "merge", "split", "close", "add", "reopen", "nothing"):
        assert change(client, A, verb, name="x", code=A, into=B, sure="1").status_code == 404
    # Nor may a foreign unit be named in a form of one's own.
    answer = change(client, "371003001001", "move", parent=STREET, sure="1")
    assert answer.status_code == 422
    answer = change(client, "371003001001", "merge", into=A, sure="1")
    assert answer.status_code == 422
    answer = change(client, "371003001001", "merge", into="", others=[_pk(A)], code="1", name="x")
    assert answer.status_code == 422


def _pk(code: str) -> int:
    return Unit.objects.get(code=code).pk


def upload(client: Client, rows: dict[str, list[str]], name: str = "变更.csv") -> Any:
    content = pl.DataFrame(rows).write_csv().encode()
    return client.post(
        reverse("administration:unit-import"), {"file": SimpleUploadedFile(name, content)}
    )


def test_a_file_is_tried_out_then_applied_and_comes_back_with_results(admin: Client) -> None:
    rows = {
        "代码": [A, B, "371002001003", "12"],
        "名称": ["新甲社区", "测试乙社区", "新设社区", "坏"],
        "城乡分类代码": ["111", "", "220", ""],
        "备注": ["一", "二", "三", "四"],
    }
    answer = upload(admin, rows)
    assert answer.status_code == 302
    url = answer.headers["Location"]
    html = admin.get(url).content.decode()
    assert "确定变更2行" in html and "改名" in html
    assert Unit.objects.get(code=A).name == "测试甲社区"
    tried = admin.get(f"{url}result/", {"day": str(TODAY)})
    book = load_workbook(io.BytesIO(tried.content)).get_sheet_by_index(0).to_python()
    assert book[0] == [*rows, "处理结果"]
    assert [line[3] for line in book[1:]] == ["一", "二", "三", "四"]
    assert book[4][4].startswith("错误：")
    done = admin.post(url, {"day": str(TODAY), "sure": "1"})
    assert done.status_code == 302
    again = admin.post(url, {"day": str(TODAY), "sure": "1"})
    assert again.headers["Location"] == done.headers["Location"], "a double click is one run"
    assert Unit.objects.get(code=A).name == "测试甲社区"
    run = work_off(jobs.import_file)
    assert run.state == RunState.DONE, run.message
    assert run.message.startswith("已变更2个单位，1行有错")
    assert Unit.objects.get(code=A).name == "新甲社区"
    assert Unit.objects.get(code="371002001003").urban_rural == "220"
    after = admin.get(done.headers["Location"]).content.decode()
    url = reverse("community:file", args=[run.file_id])
    assert f'href="{url}"' in after and "下载结果" in after
    book = load_workbook(io.BytesIO(admin.get(url).content)).get_sheet_by_index(0)
    assert book.to_python()[4][4].startswith("错误：")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"", "空的"),
        ("x.csv", "名称\n甲".encode(), "代码"),
        ("x.csv", "代码\n371002001001".encode(), "至少一列"),
        ("x.xlsx", b"not a workbook", "完好的"),
        ("x.exe", b"x", "只认"),
        ("x.csv", "代码,代码\n1,2".encode(), "重复"),
    ],
)
def test_files_that_cannot_be_used_are_refused(
    admin: Client, name: str, content: bytes, words: str
) -> None:
    file = SimpleUploadedFile(name, content)
    answer = admin.post(reverse("administration:unit-import"), {"file": file})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert admin.post(reverse("administration:unit-import")).status_code == 422


def test_anothers_file_is_not_there(admin: Client) -> None:
    import uuid

    for route in ("unit-import-check", "unit-import-result"):
        url = reverse(f"administration:{route}", args=[uuid.uuid4()])
        assert admin.get(url).status_code == 404


def work_off(task: Any) -> Run:
    """What the worker does with the last run."""
    with fence(system()):
        run = Run.objects.latest("id")
    task.func(run_id=run.pk, path=run.unit_path)
    with fence(system()):
        return Run.objects.get(pk=run.pk)


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch, people: None) -> dict[str, str]:
    """Three people take long; the move of their community is sent."""
    monkeypatch.setattr(actions, "LONG", 2)
    return {"parent": f"{STREET_2} 鲸园街道", "code": "", "sure": "1"}


def places() -> set[str]:
    with fence(system()):
        return set(Person.objects.filter(unit__code=A).values_list("unit_path", flat=True))


def test_a_long_change_goes_on_in_the_background(admin: Client, long: dict[str, str]) -> None:
    old = path_of(A)
    assert "在后台进行" in change(admin, A, "move", **{**long, "sure": ""}).content.decode()
    with fence(system()):
        assert not Run.objects.exists()
    first, second = change(admin, A, "move", **long), change(admin, A, "move", **long)
    assert first.status_code == 302 and first.headers["Location"] == second.headers["Location"]
    with fence(system()):
        assert Run.objects.count() == 1
        assert Unit.objects.get(code=A).path == old
    page = first.headers["Location"]
    assert "<progress" in admin.get(page).content.decode()
    run = work_off(jobs.change)
    assert run.state == RunState.DONE, run.message
    assert "居民 3 人" in run.message and run.done <= run.total
    with fence(system()):
        new = Unit.objects.get(code=A).path
        told = set(AuditEntry.objects.filter(verb="unit.move").values_list("actor_name", flat=True))
    assert new != old and places() == {new} and told == {actor("admin").name}
    assert "已迁好" in admin.get(page).content.decode()
    # Confirmed once more after it was done: refused with a sentence, nothing happens.
    assert change(admin, A, "move", **long).status_code == 422


def test_a_long_change_that_is_stopped_changes_nothing(
    admin: Client, long: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = path_of(A)
    change(admin, A, "move", **long)
    said = []

    def report(self: Progress, done: int, total: int, message: str) -> None:
        said.append(message)
        if done:
            raise Cancelled

    monkeypatch.setattr(Progress, "report", report)
    run = work_off(jobs.change)
    assert run.state == RunState.CANCELLED
    assert said[0] == "正在变更…" and said[-1].startswith("已带走")
    with fence(system()):
        assert Unit.objects.get(code=A).path == old
        assert not UnitPast.objects.exists()
        assert not AuditEntry.objects.filter(verb="unit.move").exists()
    assert places() == {old}


def test_a_long_change_that_cannot_be_done_any_more_says_why(
    admin: Client, long: dict[str, str]
) -> None:
    change(admin, A, "move", **long)
    with fence(system()):
        actions.move(
            actor=system(),
            unit=Unit.objects.get(code=A),
            parent=Unit.objects.get(code=STREET_2),
            day=TODAY,
        )
    run = work_off(jobs.change)
    assert run.state == RunState.FAILED and "本来就在" in run.message


def test_a_neighbour_sees_no_run_of_anothers_change(admin: Client, long: dict[str, str]) -> None:
    page = change(admin, A, "move", **long).headers["Location"]
    other = Client()
    sign_in(other, "worker-a")
    assert other.get(page).status_code in (403, 404)
    assert admin.get(reverse("administration:unit-run", args=[0])).status_code == 404
