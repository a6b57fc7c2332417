"""Each group of Shandong and Weihai by worked examples: met, unmet, unknown."""

from datetime import date

import polars as pl
import pytest

from weiye.base.packs import load_pack

from .cases import DAY, JINAN, WEIHAI, asked, group_verdicts, person

MET, UNMET, UNKNOWN = "met", "unmet", "unknown"
TWO = pytest.mark.requirement("PPL-4")
AID = pytest.mark.requirement("PPL-5")

# A woman of 42, out of work since the end of 2024 and registered.
OUT = {
    "sex": "女",
    "employment_status": "失业",
    "employed_since": None,
    "unemployed_since": "2024-12-30",
    "registered_unemployed_since": "2025-01-10",
    "monthly_income": None,
}
GRADUATE = {
    "birth_date": "2002-03-01",
    "employment_status": "失业",
    "employed_since": None,
    "graduated_on": "2024-06-30",
}


def test_somebody_in_no_difficulty_is_in_no_group():
    pack = load_pack(WEIHAI)
    rows = asked(pack.groups, [person()], WEIHAI, DAY, "person").rules()
    met = rows.filter(pl.col("verdict") == "met")["rule"].to_list()
    assert met == []
    # The minimum wage has no confirmed figure, so low income alone stays open.
    assert rows.filter(pl.col("verdict") == "unknown")["rule"].to_list() == ["低收入"]


@TWO
def test_low_skill():
    none = {"skill_certificates": None}
    assert group_verdicts(
        "低技能",
        person(**none, education=61),
        person(**none, education=71),
        person(**none, education=44),
        person(**none, education=None),
        person(**none, education=30),
        person(education=61),
        person(**none, unknown="education"),
        person(education=61, unknown="skill_certificates"),
        person(**none, education=61, pension_drawn=True),
        person(**none, education=81, birth_date="2012-01-01"),
    ) == [MET, MET, MET, MET, UNMET, UNMET, UNKNOWN, UNKNOWN, UNMET, UNMET]


@TWO
def test_low_income():
    assert group_verdicts(
        "低收入",
        person(minimum_living="低保"),
        person(minimum_living="低保边缘"),
        person(minimum_living="低保", pension_drawn=True),
        person(minimum_living="无", monthly_income=500),
        person(unknown="minimum_living"),
    ) == [MET, MET, UNMET, UNKNOWN, UNKNOWN]


@TWO
def test_low_income_against_a_minimum_wage_once_the_operator_has_entered_one(tmp_path):
    import shutil

    from weiye.base.packs import ROOT

    root = tmp_path / "packs"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.gz", "*.md"))
    path = root / "shandong" / "parameters.yaml"
    text = path.read_text(encoding="utf-8")
    figure = "values: [{valid_from: 2024-01-01, value: 2010.50, source: own-design}]"
    path.write_text(text.replace("values: []", figure), encoding="utf-8")
    rules = [rule for rule in load_pack(WEIHAI, root=root).groups if rule.id == "低收入"]
    people = [
        person(monthly_income=2010.49),
        person(monthly_income=2010.50),
        person(monthly_income=None),
        person(unknown="monthly_income"),
    ]
    verdicts = asked(rules, people, WEIHAI, DAY, "person").rules()["verdict"].to_list()
    assert verdicts == [MET, UNMET, MET, UNKNOWN]


@TWO
def test_high_unemployment():
    assert group_verdicts(
        "高失业",
        person(**OUT),  # since 30 December: six months on 30 June
        person(**OUT | {"unemployed_since": "2024-12-31"}),
        person(**OUT | {"unemployed_since": None, "registered_unemployed_since": "2024-12-30"}),
        person(**OUT | {"unemployed_since": "2025-05-01"}, unemployment_spells_24m=3),
        person(**OUT | {"unemployed_since": "2025-05-01"}, unemployment_spells_24m=2),
        person(),
        person(**OUT, unknown="unemployed_since registered_unemployed_since"),
        person(**OUT, unknown="employment_status"),
        person(**OUT, unknown="unemployed_since"),
    ) == [MET, UNMET, MET, MET, UNMET, UNMET, UNKNOWN, UNKNOWN, UNKNOWN]


@TWO
def test_graduates_out_of_school_and_work():
    assert group_verdicts(
        "离校未就业高校毕业生",
        person(**GRADUATE),
        person(**GRADUATE | {"graduated_on": "2023-06-30"}),  # the last day of two years
        person(**GRADUATE | {"graduated_on": "2023-06-29"}),
        person(**GRADUATE | {"graduated_on": "2025-07-01"}),  # still at school
        person(**GRADUATE | {"education": 30}),
        person(**GRADUATE | {"education": 61}),
        person(**GRADUATE | {"employment_status": "就业"}),
        person(**GRADUATE | {"employment_status": "在校"}),
        person(**GRADUATE | {"graduated_on": None}),
        person(**GRADUATE, unknown="graduated_on"),
        person(**GRADUATE, unknown="employment_status"),
    ) == [MET, MET, UNMET, UNMET, MET, UNMET, UNMET, UNMET, UNMET, UNKNOWN, UNKNOWN]


@AID
def test_zero_employment_households():
    home = {"household_id": "h"}
    jobless = person(**OUT, **home)
    husband = person(**home)
    child = person(**home, birth_date="2015-01-01", employment_status="在校", work_wish=None)
    grandmother = person(
        **home, sex="女", birth_date="1950-01-01", employment_status="退休", pension_drawn=True
    )
    student = person(**home, birth_date="2006-01-01", employment_status="在校")
    unable = person(**home, labour_capacity=False, employment_status="其他")
    assert group_verdicts("零就业家庭", jobless) == [MET]
    assert group_verdicts("零就业家庭", jobless, child, grandmother, student, unable) == [
        MET,
        *[UNMET] * 4,
    ]
    assert group_verdicts("零就业家庭", jobless, husband) == [UNMET, UNMET]
    out_too = husband | {"employment_status": "失业"}
    assert group_verdicts("零就业家庭", jobless, out_too) == [MET, MET]
    # The grandmother works, but draws a pension: she does not count.
    working = grandmother | {"employment_status": "灵活就业"}
    assert group_verdicts("零就业家庭", jobless, working) == [MET, UNMET]
    unsure = {key: value for key, value in husband.items() if key != "employment_status"}
    assert group_verdicts("零就业家庭", jobless, unsure) == [UNKNOWN, UNKNOWN]
    unwilling = husband | {"work_wish": False}
    assert group_verdicts("零就业家庭", jobless, unwilling) == [MET, UNMET]
    assert group_verdicts("零就业家庭", person(**OUT, unknown="household_id")) == [UNKNOWN]
    assert group_verdicts("零就业家庭", person(unknown="household_id")) == [UNMET]


@AID
@pytest.mark.parametrize(
    ("group", "facts", "fact"),
    [
        ("低保家庭", {"minimum_living": "低保"}, "minimum_living"),
        ("低保边缘家庭", {"minimum_living": "低保边缘"}, "minimum_living"),
        ("脱贫享受政策人口", {"poverty_alleviation": "脱贫享受政策"}, "poverty_alleviation"),
        ("防止返贫监测对象", {"poverty_alleviation": "防止返贫监测"}, "poverty_alleviation"),
        ("残疾", {"disability_grade": 4}, "disability_grade"),
        ("残疾", {"disability_grade": 1}, "disability_grade"),
        ("大龄", {"birth_date": "1975-06-30"}, "birth_date"),
        ("大龄", {"birth_date": "1985-06-30", "sex": "女"}, "sex"),
        ("长期失业", OUT | {"unemployed_since": "2024-06-30"}, "employment_status"),
        (
            "较长时间未就业高校毕业生",
            GRADUATE | {"graduated_on": "2024-12-30"},
            "graduated_on",
        ),
        ("就业困难人员", OUT | {"disability_grade": 2}, "registered_unemployed_since"),
    ],
)
def test_assistance_groups_and_what_excludes_from_all_of_them(group, facts, fact):
    assert group_verdicts(
        group,
        person(**facts),
        person(),
        person(**facts, unknown=fact),
        person(**facts | {"labour_capacity": False}),
        person(**facts | {"pension_drawn": True}),
        person(**facts | {"birth_date": "1950-01-01"}),  # past retirement
        person(**facts | {"birth_date": "2010-01-01"}),  # not yet 16
        person(**facts, unknown="labour_capacity"),
        person(**facts, unknown="pension_drawn"),
    ) == [MET, UNMET, UNKNOWN, UNMET, UNMET, UNMET, UNMET, UNKNOWN, UNKNOWN]


@AID
def test_the_ages_of_older_workers_are_inclusive_and_differ_by_sex():
    assert group_verdicts(
        "大龄",
        person(sex="女", birth_date="1985-06-30"),
        person(sex="女", birth_date="1985-07-01"),
        person(sex="男", birth_date="1985-06-30"),
        person(sex="男", birth_date="1975-07-01"),
        person(birth_date="1980-01-01", unknown="sex"),
        person(birth_date="1990-01-01", unknown="sex"),
    ) == [MET, UNMET, UNMET, UNMET, UNKNOWN, UNKNOWN]


@AID
def test_a_woman_between_the_base_ages_needs_hers_recorded():
    woman = {"sex": "女", "birth_date": "1972-01-01"}  # 53
    assert group_verdicts(
        "大龄",
        person(**woman),
        person(**woman, retirement_base=50),
        person(**woman, retirement_base=55),
        person(**woman | {"birth_date": "1980-01-01"}),
    ) == [UNKNOWN, UNMET, MET, MET]


@AID
def test_long_unemployment_counts_from_the_last_job_else_from_registration():
    assert group_verdicts(
        "长期失业",
        person(**OUT | {"unemployed_since": "2024-06-30"}),
        person(**OUT | {"unemployed_since": "2024-07-01"}),
        person(**OUT | {"unemployed_since": None, "registered_unemployed_since": "2024-06-30"}),
        person(**OUT | {"registered_unemployed_since": "2024-01-01"}, unknown="unemployed_since"),
        person(**OUT | {"employment_status": "灵活就业", "unemployed_since": "2020-01-01"}),
    ) == [MET, UNMET, MET, MET, UNMET]


@AID
def test_graduates_long_without_work():
    base = GRADUATE | {"graduated_on": "2024-12-30"}
    assert group_verdicts(
        "较长时间未就业高校毕业生",
        person(**base),
        person(**base | {"graduated_on": "2024-12-31"}),
        person(**base | {"unemployed_since": "2025-02-01"}),  # had a job in between
        person(**base | {"unemployed_since": "2023-02-01"}),
        person(**base | {"education": 61}),
        person(**base, unknown="unemployed_since"),
    ) == [MET, UNMET, UNMET, MET, UNMET, UNKNOWN]


@AID
def test_people_in_difficulty_by_the_regulation():
    young = OUT | {"sex": "男", "unemployed_since": "2025-05-01", "household_id": "h"}
    earner = person(household_id="h")

    def first(**facts):
        unknown = facts.pop("unknown", "")
        return group_verdicts("就业困难人员", person(**young | facts, unknown=unknown), earner)[0]

    assert first() == UNMET
    assert first(sex="女", birth_date="1985-06-30") == MET
    assert first(birth_date="1975-06-30") == MET
    assert first(single_parent_of_minor=True) == MET
    assert first(minimum_living="低保") == MET
    assert first(minimum_living="低保边缘") == UNMET
    assert first(disability_grade=3) == MET
    assert first(unemployed_since="2024-06-30") == MET
    assert first(land_lost=True) == MET
    assert first(household_id=None) == MET  # nobody else there: a household without any earner
    assert first(land_lost=True, registered_unemployed_since=None) == UNMET
    assert first(land_lost=True, unknown="registered_unemployed_since") == UNKNOWN
    assert first(unknown="land_lost") == UNKNOWN
    # Poverty alone, and the city's own categories, are not confirmed and not asked.
    assert first(poverty_alleviation="脱贫享受政策") == UNMET


def test_mothers_of_two():
    two = {"sex": "女", "children": ["2012-01-01", "2015-01-01"]}
    assert group_verdicts(
        "二孩妈妈",
        person(**two),
        person(**two | {"children": ["2000-01-01", "2015-01-01", "2016-01-01"]}),
        person(**two | {"children": ["2000-01-01", "2002-01-01"]}),
        person(**two | {"children": ["2015-01-01"]}),
        person(**two | {"sex": "男"}),
        person(**two, unknown="children"),
    ) == [MET, MET, UNMET, UNMET, UNMET, UNKNOWN]


def test_younger_elders_veterans_and_school_leavers():
    assert group_verdicts(
        "低龄老年人",
        person(birth_date="1965-06-30", pension_drawn=True),
        person(birth_date="1955-07-01"),
        person(birth_date="1955-06-30"),
        person(birth_date="1965-07-01"),
        person(unknown="birth_date"),
    ) == [MET, MET, UNMET, UNMET, UNKNOWN]
    assert group_verdicts(
        "退役军人", person(veteran=True), person(), person(unknown="veteran")
    ) == [
        MET,
        UNMET,
        UNKNOWN,
    ]
    leaver = {
        "birth_date": "2007-01-01",
        "education": 61,
        "graduated_on": "2024-06-30",
        "continuing_school": False,
    }
    assert group_verdicts(
        "未继续升学毕业生",
        person(**leaver),
        person(**leaver | {"education": 71}),
        person(**leaver | {"education": 44}),
        person(**leaver | {"education": 20}),
        person(**leaver | {"continuing_school": True}),
        person(**leaver | {"graduated_on": "2024-06-29"}),
        person(**leaver, unknown="continuing_school"),
    ) == [MET, MET, MET, UNMET, UNMET, UNMET, UNKNOWN]


def test_rural_workers_away_from_home():
    moved = {"hukou_unit": "371082100201", "residence_unit": "371002001001"}
    assert group_verdicts(
        "农村转移就业劳动者",
        person(**moved),
        person(**moved | {"residence_unit": "371082100202"}),  # the same town
        person(**moved | {"hukou_unit": "371082100001"}),  # a residents' committee
        person(**moved | {"employment_status": "失业"}),
        person(**moved, unknown="hukou_unit"),
    ) == [MET, UNMET, UNMET, UNMET, UNKNOWN]


@TWO
@AID
def test_since_is_the_day_on_which_somebody_came_to_belong():
    pack = load_pack(WEIHAI)
    one = person(**OUT | {"birth_date": "1984-02-29", "unemployed_since": "2023-08-31"})
    rows = asked(pack.groups, [one], WEIHAI, DAY, "person").met()
    since = dict(rows.select("rule", "since").iter_rows())
    assert since["大龄"] == date(2024, 2, 29)
    assert since["高失业"] == date(2024, 2, 29)
    assert since["长期失业"] == date(2024, 8, 31)


@TWO
@AID
def test_every_met_or_unknown_group_has_a_reason_and_a_source():
    pack = load_pack(WEIHAI)
    people = [person(), person(**OUT), person(**GRADUATE), {}]
    rows = asked(pack.groups, people, WEIHAI, DAY, "person").rules()
    told = rows.filter(pl.col("verdict") != "unmet")
    assert told.height > len(pack.groups)
    assert told["reason"].str.len_chars().min() > 4
    assert rows.filter(pl.col("verdict") == "unmet")["reason"].null_count() == (
        rows.height - told.height
    )
    assert all(rule.source for rule in pack.groups)


# Who gets a file, and to whom "12333" is owed ---------------------------------------------------


def scope_verdicts(scope: str, *people, region=WEIHAI, day=DAY):
    rule = load_pack(region).scopes[scope].rule
    rows = asked([rule], list(people), region, day, "person").rules()
    return [str(verdict) for verdict in rows["verdict"]]


@pytest.mark.requirement("AID-1")
def test_who_gets_an_assistance_file():
    graduate = person(**GRADUATE)
    assert scope_verdicts(
        "assistance-file",
        person(),
        person(disability_grade=2),
        person(minimum_living="低保边缘"),
        person(registered_unemployed_since="2025-06-30"),
        person(certified_difficult_since="2024-01-01"),
        graduate,
        person(unknown="disability_grade"),
    ) == [UNMET, MET, MET, MET, MET, MET, UNKNOWN]
    # Graduates long without work are Weihai's own category.
    lone = graduate | {"household_id": "h"}
    father = person(household_id="h")
    assert scope_verdicts("assistance-file", lone, father) == [MET, UNMET]
    assert scope_verdicts("assistance-file", lone, father, region=JINAN) == [UNMET, UNMET]
    assert scope_verdicts("assistance-file", lone, father, day=date(2023, 10, 26)) == [
        UNMET,
        UNMET,
    ]


@pytest.mark.requirement("AID-3")
def test_to_whom_12333_is_owed():
    assert scope_verdicts(
        "quota-12333",
        person(),
        person(registered_unemployed_since="2025-06-30"),
        person(registered_unemployed_since="2025-07-01"),
        person(certified_difficult_since="2024-01-01"),
        person(disability_grade=2),
        person(unknown="registered_unemployed_since"),
    ) == [UNMET, MET, UNMET, MET, UNMET, UNKNOWN]


def test_the_most_urgent_come_first():
    for region in (WEIHAI, JINAN):
        scope = load_pack(region).scopes["assistance-file"]
        assert scope.urgent[0] == "零就业家庭"
        families = {rule.id for rule in load_pack(region).groups if rule.family != "两低两高"}
        assert set(scope.urgent) <= families
