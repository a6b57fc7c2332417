"""Vacancies and training catalogues by import, and the commands."""

import json
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from tests.services.exchange.making import csv_text, people, xlsx
from tests.world import A, B, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.employers.models import Employer, PublicVacancy, Vacancy, VacancyState
from weiye.registers.people.models import Person
from weiye.registers.training.models import Programme
from weiye.services.exchange import actions, command, queries
from weiye.services.exchange.models import ImportBatch

TODAY = date(2025, 7, 1)
COUNTY = "371002000000"
HEAD = [
    "单位名称", "统一社会信用代码", "岗位名称", "招聘人数", "工作内容", "岗位要求", "工作地点",
    "合同类型", "社会保险", "劳动保护", "月工资", "年龄要求", "学历要求", "工作时间",
    "联系人", "联系电话",
]  # fmt: skip
USCC = "91350100M000100Y43"
GOOD = [
    "测试商店", USCC, "收银员", "2人", "收银、理货", "身体健康", "1号楼底商", "劳动合同", "五险",
    "无特殊危害", "3000-4000元", "18-55岁", "初中及以上", "8:00-17:00", "王经理", "2000-0000001",
]  # fmt: skip


def brought(who, content, *, code=A, kind="vacancies", name="岗位.xlsx"):
    actor_ = actor(who)
    with fence(actor_):
        batch = actions.upload(
            actor=actor_,
            unit=Unit.objects.get(code=code),
            kind=kind,
            name=name,
            content=content,
            as_of=TODAY,
        )
        actions.check_now(actor=actor_, batch_id=batch.pk, today=TODAY)
        return actions.commit_now(actor=actor_, batch_id=batch.pk, today=TODAY)


def counts(batch):
    return tuple(batch.counts[n] for n in ("rows", "new", "changed", "unchanged", "errors"))


def changed(**cells):
    row = list(GOOD)
    for label, value in cells.items():
        row[HEAD.index(label)] = value
    return row


@pytest.mark.django_db
@pytest.mark.requirement("JOB-2")
def test_a_complete_vacancy_is_published_and_stays_when_repeated():
    content = xlsx([["某社区岗位表"], HEAD, GOOD], merges=["A1:P1"])
    batch = brought("worker-a", content)
    assert counts(batch) == (1, 1, 0, 0, 0)
    shown = PublicVacancy.objects.get()
    assert (shown.title, shown.employer_name, shown.unit_code) == ("收银员", "测试商店", A)
    assert (shown.wage_min, shown.wage_max, shown.hours) == (3000, 4000, 3)
    assert (shown.min_age, shown.max_age, shown.min_education) == (18, 55, 70)
    assert (shown.occupation_code, shown.openings) == ("4-01-02-04", 2)
    assert (shown.posted_on, shown.phone) == (TODAY, "20000000001")
    assert counts(brought("worker-a", content)) == (1, 0, 0, 1, 0)
    more = brought("worker-a", xlsx([HEAD, changed(月工资="3500-4500")]))
    assert counts(more) == (1, 0, 1, 0, 0)
    assert PublicVacancy.objects.get().wage_min == 3500
    with fence(actor("worker-a")):
        assert (Employer.objects.count(), Vacancy.objects.count()) == (1, 1)


@pytest.mark.django_db
@pytest.mark.requirement("JOB-2")
def test_what_the_law_asks_for_is_missing_and_the_vacancy_waits_as_draft():
    batch = brought("worker-a", xlsx([HEAD, changed(合同类型="", 劳动保护="")]))
    assert batch.counts["drafts"] == 1
    with fence(actor("worker-a")):
        assert Vacancy.objects.get().state == VacancyState.DRAFT
        remarks = queries.preview(actor("worker-a"), batch.pk).remarks
        assert "请填写合同类型" in remarks[0]
    assert not PublicVacancy.objects.exists()
    brought("worker-a", xlsx([HEAD, GOOD]))
    assert PublicVacancy.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.requirement("JOB-2")
@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"岗位要求": "限女性，形象好"}, "不得以性别为由"),
        ({"岗位名称": "收银员（本地户口优先）"}, "不得以户籍为由"),
        ({"工作内容": "收取押金后上岗"}, "不得向求职者收费"),
        ({"年龄要求": "14-18岁"}, "未满16周岁"),
        ({"统一社会信用代码": "91350100M000100Y40"}, "校验位"),
    ],
)
def test_unlawful_or_wrong_rows_are_stopped_with_the_reason(cells, says):
    batch = brought("worker-a", xlsx([HEAD, changed(**cells), changed(岗位名称="理货员")]))
    assert counts(batch) == (2, 1, 0, 0, 1)
    with fence(actor("worker-a")):
        assert says in queries.preview(actor("worker-a"), batch.pk).problems[0]


@pytest.mark.django_db
def test_one_vacancy_twice_in_a_list_names_the_earlier_row():
    batch = brought("worker-a", xlsx([HEAD, GOOD, GOOD]))
    assert counts(batch) == (2, 1, 0, 0, 1)
    with fence(actor("worker-a")):
        assert "与第2行是同一个岗位" in queries.preview(actor("worker-a"), batch.pk).problems[0]


@pytest.mark.django_db
@pytest.mark.requirement("ORG-2")
def test_a_firm_of_another_community_is_kept_by_name_without_touching_theirs():
    brought("worker-b", xlsx([HEAD, GOOD]), code=B)
    content = xlsx([HEAD, changed(联系人="李经理")])
    batch = brought("worker-a", content)
    assert counts(batch) == (1, 1, 0, 0, 0)
    with fence(actor("worker-b")):
        assert (Employer.objects.get().uscc, Employer.objects.get().contact) == (USCC, "王经理")
    with fence(actor("worker-a")):
        assert (Employer.objects.get().uscc, Employer.objects.get().contact) == (None, "李经理")
    assert counts(brought("worker-a", content)) == (1, 0, 0, 1, 0)


CATALOGUE = [
    ["环翠区职业技能培训项目清单"],
    ["序号", "培训项目", "培训机构", "培训对象", "课时", "补贴标准", "开班日期",
     "结束日期", "人数"],
    [1, "育婴员（初级）", "测试培训学校", "失业人员、农村劳动力", "80课时", "1200元/人",
     "2025年7月10日", "2025.7.25", 30],
    [2, "中式面点师", "测试培训学校", "社区居民", "60", "900元/人", "", "", "20人"],
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.requirement("TRN-2")
def test_a_countys_catalogue_comes_in_and_everybody_reads_it():
    batch = brought("county", xlsx(CATALOGUE), code=COUNTY, kind="training")
    assert counts(batch) == (2, 2, 0, 0, 0)
    with fence(actor("worker-e")):
        row = Programme.objects.get(title="中式面点师")
        assert (row.hours, row.subsidy, row.seats) == (60, "900元/人", 20)
        assert row.occupation_codes == ["4-03-02-02"]
        first = Programme.objects.get(title="育婴员(初级)")
        assert (first.starts_on, first.audience) == (date(2025, 7, 10), "失业人员、农村劳动力")
    again = brought("county", xlsx(CATALOGUE), code=COUNTY, kind="training")
    assert counts(again) == (2, 0, 0, 2, 0)
    with pytest.raises(NotAllowed):
        brought("worker-a", xlsx(CATALOGUE), code=COUNTY, kind="training")
    with pytest.raises(ValidationError, match="县"):
        actions.upload(
            actor=system(),
            unit=Unit.objects.get(code=A),
            kind="training",
            name="a.xlsx",
            content=xlsx(CATALOGUE),
        )


# --- commands ------------------------------------------------------------------------------------


def ran(capsys, main, *argv):
    status = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    last = out.strip().splitlines()[-1] if out.strip() else "{}"
    return status, json.loads(last), err


@pytest.mark.django_db
@pytest.mark.requirement("PPL-3")
def test_roster_command(capsys, tmp_path):
    file = tmp_path / "我的 名册.xlsx"
    status, said, _err = ran(capsys, command.main, "sample", file, "--unit", A)
    assert (status, said["bytes"]) == (0, file.stat().st_size)
    status, said, err = ran(capsys, command.main, "import", file, "--unit", A, "--dry-run")
    assert status == 0
    assert (said["new"], said["errors"], said["dry_run"]) == (57, 3, True)
    assert "学历“大本？”不认识" in err
    with fence(system()):
        assert not Person.objects.exists()
        assert not ImportBatch.objects.filter(file__isnull=False).exists()
    status, said, err = ran(capsys, command.main, "import", file, "--unit", A)
    assert (status, said["new"], said["rejects_file"]) == (
        0,
        57,
        str(tmp_path / "我的 名册.rejects.xlsx"),
    )
    assert "新增57人" in err
    assert (tmp_path / "我的 名册.rejects.xlsx").exists()
    status, said, _err = ran(capsys, command.main, "import", file, "--unit", A)
    assert (said["new"], said["changed"], said["unchanged"]) == (0, 0, 57)


@pytest.mark.django_db
def test_commands_that_cannot_work_say_why(capsys, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("商品,数量\n铅笔,3\n")
    status, said, _err = ran(capsys, command.main, "import", file, "--unit", A)
    assert (status, "表头" in said["error"]) == (1, True)
    assert ran(capsys, command.main, "import", file, "--unit", "999")[0] == 2
    assert ran(capsys, command.main, "import", tmp_path / "b.csv", "--unit", A)[0] == 2
    with pytest.raises(SystemExit) as usage:
        command.main(["import"])
    assert usage.value.code == 2
    with fence(system()):
        assert not ImportBatch.objects.exists()


@pytest.mark.django_db
@pytest.mark.requirement("JOB-2")
def test_vacancies_command(capsys, tmp_path):
    file = tmp_path / "岗位.csv"
    file.write_bytes(csv_text([HEAD, GOOD], "\t").encode("gbk"))
    status, said, _err = ran(capsys, command.vacancies_main, "import", file, "--unit", A)
    assert (status, said["new"], said["rejects_file"]) == (0, 1, None)
    assert PublicVacancy.objects.count() == 1


@pytest.mark.django_db
def test_names_of_people_alone_tell_nobody_apart():
    rows = people(2)
    twins = xlsx([["姓名", "身份证号"], ["王一", rows[0][1]], ["王一", rows[1][1]]])
    assert counts(brought("worker-a", twins, kind="roster"))[1] == 2
