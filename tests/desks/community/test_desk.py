"""Today, summary, vacancies, training, runs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.world import A, B, actor
from weiye.base.files.actions import keep
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.fence import fence
from weiye.registers.employers.models import Employer, PublicVacancy, Vacancy
from weiye.registers.training.models import Programme
from weiye.services.exchange import actions as exchange

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("AID-3")
def test_today_says_whom_to_serve_first_and_why(helped, signed) -> None:
    helped("落后的人", days=200)
    helped("新来的人", days=1)
    helped("乙家的人", unit=B)
    text = signed("worker-a").get("/community/").content.decode()
    assert "今天先服务谁" in text
    assert "落后的人" in text
    assert "已落后：职业指导差1次" in text
    assert "新来的人" in text
    assert "乙家的人" not in text
    assert "missing variable" not in text


def test_today_before_the_first_roster(signed) -> None:
    text = signed("worker-a").get("/community/").content.decode()
    assert "还没有居民名册" in text
    assert "导入名册" in text


@pytest.mark.parametrize("number", ["pace=behind", "news=opened", "news=entitled", "pace=soon"])
def test_a_figure_leads_to_as_many_people(helped, signed, number: str) -> None:
    for n in range(3):
        helped(f"落后{n}", days=200)
    for n in range(2):
        helped(f"新来{n}", days=2)
    client = signed("worker-a")
    today = client.get("/community/").content.decode()
    start = today.index(f"?{number}")
    shown = int(today[today.index("<b>", start) + 3 : today.index("<small>", start)])
    listed = client.get(f"/community/people/?{number}").content.decode()
    assert f'<strong class="wy-num">{shown}</strong> 人' in listed


def test_today_costs_the_same_for_one_and_for_many(helped, signed) -> None:
    client = signed("worker-a")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/community/").status_code == 200
        return len(caught)

    helped()
    one = cost()
    for n in range(25):
        helped(f"张三{n}", days=n * 10)
    assert cost() == one


@pytest.mark.requirement("ORG-2")
def test_the_summary_counts_each_unit_below_and_leads_to_its_list(helped, signed) -> None:
    helped(unit=A)
    helped(unit=A, days=1)
    helped(unit=B)
    client = signed("clerk")
    text = client.get("/community/summary/").content.decode()
    assert "测试甲社区" in text
    assert f"/community/people/?unit={A}&amp;pace=behind" in text
    assert "missing variable" not in text
    listed = client.get("/community/people/", {"unit": A, "pace": "behind"}).content.decode()
    assert '<strong class="wy-num">1</strong> 人' in listed
    assert client.get("/community/summary/", {"unit": "371003001000"}).status_code == 404


def test_the_city_sees_figures_and_drills_to_the_community_without_names(helped, signed) -> None:
    helped("甲家的人")
    client = signed("city")
    county = client.get("/community/summary/", {"unit": "371002000000"}).content.decode()
    assert "环翠楼街道" in county
    street = client.get("/community/summary/", {"unit": "371002001000"}).content.decode()
    assert "测试甲社区" in street
    assert "甲家的人" not in street
    assert "/community/people/" not in street


# Vacancies ---------------------------------------------------------------------------------------


def vacancy(**changes: object) -> dict[str, object]:
    return {
        "employer": "",
        "employer_name": "惠民超市",
        "contact": "于师傅",
        "phone": "20000000001",
        "title": "收银员",
        "kind": "全职",
        "openings": "2",
        "duties": "收银、理货",
        "conditions": "会用收银机",
        "hours": ["1", "2"],
        "place": "文化路1号",
        "wage_min": "3000",
        "wage_max": "4000",
        "contract_type": "劳动合同",
        "social_insurance": "五险",
        "protection": "无职业危害",
        **changes,
    }


@pytest.mark.requirement("JOB-2")
def test_entered_published_seen_by_residents_and_taken_off(signed) -> None:
    client = signed("worker-a")
    sent = client.post("/community/vacancies/new/", {**vacancy(), "publish": "1"})
    assert sent["Location"] == "/community/vacancies/"
    with fence(actor("worker-a")):
        row = Vacancy.objects.get()
    assert (row.hours, row.wage_max, row.state) == (3, 4000, "published")
    assert ">收银员</a>" in client.get("/", {"place": A}).content.decode()
    client.post(f"/community/vacancies/{row.pk}/close/")
    assert ">收银员</a>" not in client.get("/", {"place": A}).content.decode()
    client.post(f"/community/vacancies/{row.pk}/publish/")
    assert PublicVacancy.objects.filter(pk=row.pk).exists()


@pytest.mark.requirement("JOB-2")
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"conditions": "限女性，形象好"}, "“限女性”不能写"),
        ({"duties": "上岗交押金200元"}, "不能写"),
        ({"protection": ""}, "请填写劳动保护与职业危害"),
        ({"contract_type": ""}, "请填写合同类型"),
        ({"min_age": "15"}, "不得招用未满16周岁的人。"),
        ({"wage_min": "5000"}, "最高月薪比最低月薪还低"),
        ({"min_age": "50", "max_age": "40"}, "最高年龄比最低年龄还小"),
        ({"hours": []}, "请选择工作时间。"),
        ({"openings": "0"}, "1"),
        ({"expires_on": "2001-01-01"}, "截止日期已经过去"),
        ({"uscc": "91350100M000100Y44"}, "校验位不对"),
        ({"employer_name": ""}, "请选择已有的用人单位，或填写新单位名称。"),
        ({"employer": "999999"}, "有效"),
        ({"labels": ["女士专岗"]}, "女士专岗"),
    ],
)
def test_an_unlawful_or_incomplete_vacancy_is_not_published_and_nothing_is_lost(
    signed, changes: dict[str, object], sentence: str
) -> None:
    client = signed("worker-a")
    answer = client.post(
        "/community/vacancies/new/", {**vacancy(title="记住我"), **changes, "publish": "1"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="记住我"' in text
    with fence(actor("worker-a")):
        assert not Vacancy.objects.exists()
        assert not Employer.objects.exists()
    assert not PublicVacancy.objects.exists()


def test_a_draft_may_be_incomplete_and_says_what_is_missing(signed) -> None:
    client = signed("worker-a")
    assert (
        client.post("/community/vacancies/new/", vacancy(duties="", protection="")).status_code
        == 302
    )
    with fence(actor("worker-a")):
        row = Vacancy.objects.get()
    assert row.state == "draft"
    text = client.get(f"/community/vacancies/{row.pk}/").content.decode()
    assert "发布前还要补" in text
    refused = client.post(f"/community/vacancies/{row.pk}/publish/", follow=True)
    assert "还不能发布" in refused.content.decode()


@pytest.mark.requirement("ORG-2")
def test_the_neighbours_vacancy_cannot_be_opened_or_used(signed, client) -> None:
    signed("worker-b").post("/community/vacancies/new/", vacancy())
    with fence(actor("worker-b")):
        row = Vacancy.objects.get()
    client.post("/signout/")
    client = signed("worker-a")
    assert client.get(f"/community/vacancies/{row.pk}/").status_code == 404
    assert client.post(f"/community/vacancies/{row.pk}/publish/").status_code == 404
    assert client.post(f"/community/vacancies/{row.pk}/close/").status_code == 404
    taken = client.post("/community/vacancies/new/", vacancy(employer=str(row.employer_id)))
    assert taken.status_code == 422


def test_who_only_reads_vacancies_cannot_change_them(signed) -> None:
    client = signed("grid-a")
    assert "新增岗位" not in client.get("/community/vacancies/").content.decode()
    assert client.post("/community/vacancies/new/", vacancy()).status_code == 403


@pytest.mark.requirement("TRN-2")
def test_the_catalogue_of_the_county_and_above(signed) -> None:
    today = timezone.localdate()
    with fence(actor("county")):
        county = Unit.objects.get(code="371002000000")
        for code, title, ends in (
            ("1", "家政服务", None),
            ("2", "已经结束的", today - timedelta(1)),
        ):
            Programme.objects.create(
                unit=county, unit_path=county.path, code=code, title=title, ends_on=ends
            )
    text = signed("worker-a").get("/community/training/").content.decode()
    assert "家政服务" in text
    assert "已经结束的" not in text


# Long work ---------------------------------------------------------------------------------------


def make_run(**fields: object) -> Run:
    me = actor("worker-a")
    with fence(me):
        return Run.objects.create(
            kind="test",
            title="测试工作",
            right="people.export",
            unit_path=me.path,
            started_by="x",
            **fields,
        )


def test_progress_is_asked_for_until_the_work_is_done(signed) -> None:
    run = make_run(state=RunState.RUNNING, done=5, total=20, message="正在核对")
    client = signed("worker-a")
    hx = {"HX-Request": "true"}
    text = client.get(f"/community/runs/{run.pk}/", headers=hx).content.decode()
    assert "5 / 20（25%）" in text
    assert 'hx-trigger="every 1s"' in text
    assert "<html" not in text
    assert "<html" in client.get(f"/community/runs/{run.pk}/").content.decode()
    client.post(f"/community/runs/{run.pk}/cancel/")
    assert "正在停下" in client.get(f"/community/runs/{run.pk}/", headers=hx).content.decode()
    with fence(actor("worker-a")):
        Run.objects.update(state=RunState.CANCELLED, message="没有改动任何数据。")
    text = client.get(f"/community/runs/{run.pk}/", headers=hx).content.decode()
    assert "已取消" in text
    assert "hx-trigger" not in text


@pytest.mark.requirement("ORG-2")
def test_the_neighbours_work_and_files_do_not_exist(signed) -> None:
    run = make_run()
    me = actor("worker-a")
    with fence(me):
        file = keep(actor=me, path=me.path, name="台账.xlsx", content=b"x", right="people.export")
    client = signed("worker-b")
    assert client.get(f"/community/runs/{run.pk}/").status_code == 404
    assert client.post(f"/community/runs/{run.pk}/cancel/").status_code == 404
    assert client.get(f"/community/downloads/{file.pk}/").status_code == 404


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("username", ["grid-a", "city", "province", "admin"])
def test_a_file_asks_for_the_right_that_made_it(signed, username: str) -> None:
    """Who may not export the ledger gets no export of somebody else's either."""
    me = actor("worker-a")
    with fence(me):
        file = keep(actor=me, path=me.path, name="台账.xlsx", content=b"x", right="people.export")
    run = make_run(state=RunState.RUNNING, file=file)
    client = signed(username)
    assert client.get(f"/community/downloads/{file.pk}/").status_code == 404
    assert client.get(f"/community/runs/{run.pk}/").status_code == 404
    assert client.post(f"/community/runs/{run.pk}/cancel/").status_code == 404
    today = client.get("/community/", follow=True).content.decode()
    assert run.title not in today
    assert str(file.pk) not in today
    with fence(me):
        assert not Run.objects.get(pk=run.pk).cancel_asked


def test_a_download_bears_its_name_and_is_not_cached(signed) -> None:
    me = actor("worker-a")
    with fence(me):
        file = keep(actor=me, path=me.path, name="台账.xlsx", content=b"abc", right="people.export")
    answer = signed("worker-a").get(f"/community/downloads/{file.pk}/")
    assert answer.content == b"abc"
    assert "filename*=utf-8''%E5%8F%B0%E8%B4%A6.xlsx" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.requirement("AID-1")
@pytest.mark.parametrize(("quota", "found"), [("12333", set()), ("", {"王小明"})])
def test_a_file_is_to_be_closed_when_neither_group_nor_quota_holds_it(
    helped, signed, quota: str, found: set[str]
) -> None:
    made = helped("王小明")
    with fence(actor("worker-a")):
        made.person.groups.update(left_on=timezone.localdate(), left_reason="已就业")
        made.file.quota = quota
        made.file.save()
    client = signed("worker-a")
    listed = client.get("/community/people/?news=to_close").content.decode()
    assert {n for n in ("王小明",) if f">{n}</a>" in listed} == found
    text = client.get(f"/community/people/{made.person.pk}/").content.decode()
    assert ("可以考虑结案" in text) == bool(found)


def test_lists_of_vacancies_programmes_and_imports_cost_the_same_for_one_and_for_many(
    signed,
) -> None:
    client = signed("worker-a")
    me = actor("worker-a")

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    def add(number: int) -> None:
        client.post("/community/vacancies/new/", vacancy(title=f"岗位{number}"))
        with fence(actor("county")):
            county = Unit.objects.get(code="371002000000")
            Programme.objects.create(
                unit=county, unit_path=county.path, code=str(number), title=f"培训{number}"
            )
        with fence(me):
            exchange.upload(
                actor=me,
                unit=Unit.objects.get(code=A),
                kind="roster",
                name=f"{number}.csv",
                content=f"姓名,身份证号\n王小明,37990119900101{number:04d}\n".encode(),
            )

    paths = ("/community/vacancies/", "/community/training/", "/community/imports/")
    add(1)
    client.get(paths[0])  # the message of saving is shown once
    one = [cost(path) for path in paths]
    for number in range(2, 8):
        add(number)
    client.get(paths[0])
    assert [cost(path) for path in paths] == one


@pytest.mark.requirement("ORG-2")
def test_the_summary_costs_the_same_for_one_and_for_many(helped, signed) -> None:
    client = signed("clerk")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/community/summary/").status_code == 200
        return len(caught)

    helped()
    one = cost()
    for n in range(10):
        helped(f"张三{n}", unit=(A, B)[n % 2])
    assert cost() == one
