"""Every group worked out again in plain Python from what the documents say, and compared.

The reference knows no engine, no pack and no expression language: it was written from the
definitions (两低两高, 援助台账, 条例第42条, 重点群体) and the retirement schedule of 2025.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weiye.base.packs import load_pack
from weiye.engine.rules import evaluate, facts_frame

from .cases import WEIHAI

pytestmark = pytest.mark.requirement("PPL-4", "PPL-5", "PPL-7")
Person = dict[str, Any]
Home = list[Person]

LEVEL = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}


def years(start: date, end: date) -> int:
    return end.year - start.year - (1 if (end.month, end.day) < (start.month, start.day) else 0)


def months(start: date, end: date) -> int:
    return 12 * (end.year - start.year) + end.month - start.month - (end.day < start.day)


def later(day: date, number: int) -> date:
    total = day.year * 12 + day.month - 1 + number
    year, month = total // 12, total % 12 + 1
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (first_of_next - timedelta(days=1)).day))


def retires_on(p: Person) -> date:
    """Men 60, a month later for every 4 months of birth, to 63; women 55 likewise to 58; women 50
    a month later for every 2, to 55: from 2025 on."""
    base = 60 if p["sex"] == "男" else p["retirement_base"]
    every, cap = {60: (4, 36), 55: (4, 36), 50: (2, 60)}[base]
    born = p["birth_date"]
    n = (born.year + base - 2025) * 12 + born.month
    delay = 0 if n <= 0 else min((n + every - 1) // every, cap)
    return later(born, base * 12 + delay)


@pytest.mark.parametrize(
    ("sex", "base", "born", "due"),
    [
        ("男", None, date(1965, 1, 1), date(2025, 2, 1)),  # 60 years and a month
        ("男", None, date(1976, 9, 1), date(2039, 9, 1)),  # 63
        ("女", 50, date(1984, 11, 1), date(2039, 11, 1)),  # 55
    ],
)
def test_the_reference_against_the_published_examples(
    sex: str, base: int | None, born: date, due: date
) -> None:
    assert retires_on({"sex": sex, "retirement_base": base, "birth_date": born}) == due


def working_age(p: Person, day: date) -> bool:
    return years(p["birth_date"], day) >= 16 and day < retires_on(p)


def assisted(p: Person, day: date) -> bool:
    return working_age(p, day) and p["labour_capacity"] and not p["pension_drawn"]


def free(p: Person) -> bool:
    return p["work_wish"] and p["employment_status"] not in ("在校", "服役", "退休")


def elder(p: Person, day: date) -> bool:
    return years(p["birth_date"], day) >= (40 if p["sex"] == "女" else 50)


def out_of_work_for(p: Person, day: date, number: int) -> bool:
    """Since the last job; for who never had one since registration."""
    since = p["unemployed_since"] or p["registered_unemployed_since"]
    return since is not None and months(since, day) >= number


def level(p: Person) -> int:
    return LEVEL[p["education"] // 10]


def registered(p: Person, day: date) -> bool:
    since = p["registered_unemployed_since"]
    return since is not None and since <= day


def zero_employment(p: Person, home: Home, day: date) -> bool:
    able = [m for m in home if assisted(m, day) and free(m)]
    return p in able and not any(m["employment_status"] in ("就业", "灵活就业") for m in able)


def groups_of(p: Person, home: Home, day: date) -> set[str]:
    age, status, left = years(p["birth_date"], day), p["employment_status"], p["graduated_on"]
    helped = assisted(p, day)
    no_job = status in ("失业", "其他")
    found = {
        "低技能": age >= 16
        and not p["pension_drawn"]
        and not p["skill_certificates"]
        and level(p) <= 3,
        "高失业": age >= 16
        and not p["pension_drawn"]
        and status == "失业"
        and (out_of_work_for(p, day, 6) or p["unemployment_spells_24m"] >= 3),
        "离校未就业高校毕业生": age >= 16
        and not p["pension_drawn"]
        and level(p) >= 4
        and left is not None
        and left <= day <= later(left, 24)
        and no_job,
        "零就业家庭": zero_employment(p, home, day),
        "低保家庭": helped and p["minimum_living"] == "低保",
        "低保边缘家庭": helped and p["minimum_living"] == "低保边缘",
        "脱贫享受政策人口": helped and p["poverty_alleviation"] == "脱贫享受政策",
        "防止返贫监测对象": helped and p["poverty_alleviation"] == "防止返贫监测",
        "大龄": helped and elder(p, day),
        "残疾": helped and p["disability_grade"] > 0,
        "长期失业": helped and status == "失业" and out_of_work_for(p, day, 12),
        "较长时间未就业高校毕业生": helped
        and level(p) >= 4
        and left is not None
        and months(left, day) >= 6
        and no_job
        and (p["unemployed_since"] is None or p["unemployed_since"] <= left),
        "就业困难人员": helped
        and registered(p, day)
        and (
            elder(p, day)
            or zero_employment(p, home, day)
            or p["single_parent_of_minor"]
            or p["minimum_living"] == "低保"
            or p["disability_grade"] > 0
            or (status == "失业" and out_of_work_for(p, day, 12))
            or p["land_lost"]
        ),
        "二孩妈妈": p["sex"] == "女"
        and len(p["children"]) >= 2
        and any(years(child, day) < 18 for child in p["children"]),
        "低龄老年人": 60 <= age <= 69,
        "退役军人": p["veteran"],
        "未继续升学毕业生": level(p) in (2, 3)
        and left is not None
        and left <= day <= later(left, 12)
        and not p["continuing_school"],
        # The sixth to the last digits but three of 村民委员会 are 2xx.
        "农村转移就业劳动者": p["hukou_unit"][9] == "2"
        and p["hukou_unit"][:9] != p["residence_unit"][:9]
        and status in ("就业", "灵活就业"),
    }
    return {name for name, holds in found.items() if holds}


# No 29 February: what a year later means there is the calendar's own test.
def days(first: int, last: int) -> st.SearchStrategy[date]:
    return st.dates(date(first, 1, 1), date(last, 12, 31)).filter(
        lambda day: (day.month, day.day) != (2, 29)
    )


VILLAGE, TOWN = "371082100201", "371002001001"


@st.composite
def people(draw: Any) -> Person:
    sex = draw(st.sampled_from("男女"))
    status = draw(st.sampled_from(["就业", "失业", "灵活就业", "在校", "退休", "服役", "其他"]))
    born = draw(days(1950, 2012))
    return {
        "birth_date": born,
        "sex": sex,
        "retirement_base": draw(st.sampled_from([50, 55])) if sex == "女" else 60,
        "hukou_unit": draw(st.sampled_from([VILLAGE, TOWN, "371082100001"])),
        "residence_unit": draw(st.sampled_from([TOWN, "371082100202"])),
        "education": draw(st.sampled_from([11, 20, 31, 41, 44, 61, 71, 81, 90])),
        "graduated_on": draw(st.none() | days(2021, 2026)),
        "continuing_school": draw(st.booleans()),
        "labour_capacity": draw(st.sampled_from([True, True, True, False])),
        "work_wish": draw(st.sampled_from([True, True, True, False])),
        "employment_status": status,
        "unemployed_since": draw(st.none() | days(2023, 2025)) if status == "失业" else None,
        "registered_unemployed_since": draw(st.none() | days(2023, 2026)),
        "unemployment_spells_24m": draw(st.integers(0, 4)),
        "disability_grade": draw(st.sampled_from([0, 0, 1, 4])),
        "minimum_living": draw(st.sampled_from(["低保", "低保边缘", "特困", "无"])),
        "poverty_alleviation": draw(st.sampled_from(["脱贫享受政策", "防止返贫监测", "无"])),
        "single_parent_of_minor": draw(st.booleans()),
        "land_lost": draw(st.booleans()),
        "children": draw(st.lists(days(2000, 2024), max_size=3)),
        "veteran": draw(st.booleans()),
        "skill_certificates": draw(st.sampled_from([[], [], [{"code": "4-03-02-01", "level": 4}]])),
        "pension_drawn": draw(st.sampled_from([False, False, False, True])),
        "monthly_income": 5000,
        "certified_difficult_since": draw(st.none() | days(2024, 2025)),
    }


HOMES = st.lists(st.lists(people(), min_size=1, max_size=4), min_size=2, max_size=8)
DAYS = days(2025, 2026)


def as_json(p: Person) -> Person:
    def plain(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in p.items()}


def asked(homes: list[Home], day: date, hidden: dict[int, set[str]]) -> dict[int, dict[str, str]]:
    """What the engine says: id → group → verdict."""
    objects = []
    for number, home in enumerate(homes):
        for p in home:
            key = len(objects)
            known = {n: v for n, v in as_json(p).items() if n not in hidden.get(key, set())}
            objects.append({"id": key, "household_id": f"h{number}", **known})
    rows = evaluate(load_pack(WEIHAI).groups, facts_frame(objects), as_of=day, region=WEIHAI)
    found: dict[int, dict[str, str]] = {key: {} for key in range(len(objects))}
    for key, rule, verdict in rows.rules().select("id", "rule", "verdict").iter_rows():
        found[key][rule] = str(verdict)
    return found


def reference(homes: list[Home], day: date) -> list[set[str]]:
    return [groups_of(p, home, day) for home in homes for p in home]


# Needs a figure that nobody has confirmed; its own examples are beside.
OPEN = {"低收入"}


@settings(max_examples=20, deadline=None)
@given(HOMES, DAYS)
def test_who_is_known_in_full(homes: list[Home], day: date) -> None:
    verdicts = asked(homes, day, {})
    for key, expected in enumerate(reference(homes, day)):
        met = {group for group, verdict in verdicts[key].items() if verdict == "met"}
        assert met - OPEN == expected
        doubtful = {group for group, verdict in verdicts[key].items() if verdict == "unknown"}
        assert doubtful <= OPEN


@settings(max_examples=12, deadline=None)
@given(HOMES, DAYS, st.data())
def test_what_is_not_known_never_decides_wrongly(
    homes: list[Home], day: date, data: st.DataObject
) -> None:
    """Whatever is hidden, a verdict that is given is the one that full knowledge gives."""
    hidden: dict[int, set[str]] = {}
    for key, p in enumerate(p for home in homes for p in home):
        hidden[key] = data.draw(st.sets(st.sampled_from(sorted(p)), max_size=4))
    verdicts = asked(homes, day, hidden)
    for key, expected in enumerate(reference(homes, day)):
        for group, verdict in verdicts[key].items():
            if group not in OPEN and verdict != "unknown":
                assert (verdict == "met") == (group in expected), (group, hidden[key])


@pytest.mark.parametrize("region", ["370102001001", WEIHAI])
def test_every_group_is_cited_and_what_the_documents_leave_open_is_marked(region: str) -> None:
    pack = load_pack(region)
    defined = {"低保家庭", "低保边缘家庭", "脱贫享受政策人口", "防止返贫监测对象", "大龄", "残疾"}
    defined |= {"长期失业", "就业困难人员", "退役军人"}
    for rule in pack.groups:
        assert rule.source and rule.family, rule.id
        assert (rule.status == "待确认") == (rule.id not in defined), rule.id
        for clause in rule.clauses:
            for part in (clause, *clause.parts):
                assert part.source and part.text
                if part.source.startswith(pack.sources["working-definition"].cite):
                    whole = clause.status == "待确认"
                    assert part.status == "待确认" or whole, (rule.id, part.id)


def test_people_in_difficulty_has_every_item_of_the_regulation() -> None:
    rule = next(rule for rule in load_pack(WEIHAI).groups if rule.id == "就业困难人员")
    parts = {part.source.rpartition("第42条")[2]: part for c in rule.clauses for part in c.parts}
    assert list(parts) == [f"第({number})项" for number in range(1, 10)]
    off = {item for item, part in parts.items() if not part.enabled}
    assert off == {"第(3)项", "第(9)项"}


def test_no_age_of_retirement_stands_in_a_rule() -> None:
    for rule in load_pack(WEIHAI).groups:
        written = repr(rule.clauses)
        for number in (50, 55, 60, 63):
            assert f"value={number}" not in written, (rule.id, number)
