"""The synthetic society: right identifiers that nobody has, plausible people, repeatable."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from weiye.engine.simulation import Place, Society, simulate
from weiye.engine.simulation.households import draw, make_pool
from weiye.engine.simulation.identifiers import credit_code, id_numbers, phones
from weiye.engine.simulation.places import inside, scatter

PACK = Path(__file__).parents[3] / "packs" / "shandong" / "simulation"
SOCIETY = yaml.safe_load((PACK / "society.yaml").read_text(encoding="utf-8"))
SOCIETY["names"] = yaml.safe_load((PACK / "names.yaml").read_text(encoding="utf-8"))
WORK = yaml.safe_load((PACK / "work.yaml").read_text(encoding="utf-8"))
AS_OF = date(2026, 6, 30)

TOWN = Place(
    "371002003030", "37/10/02/003/030/", "甲社区", "威海市甲社区", 122.1, 37.4, 300, False, 400, 4
)
VILLAGE = Place(
    "371002101210", "37/10/02/101/210/", "乙村", "威海市乙村", 122.0, 37.3, 500, True, 250, 2
)
THIN = Place("371002101212", "37/10/02/101/212/", "丙村", "威海市丙村", 122.0, 37.3, 500, True, 3)


def make(seed: int = 7, **more) -> Society:
    options = {"employers": 40, "vacancies": 90, "programmes": 25, "county": "371002000000"}
    return simulate(
        [VILLAGE, TOWN, THIN],
        society=SOCIETY,
        work=WORK,
        as_of=AS_OF,
        rng=np.random.default_rng(seed),
        **(options | more),
    )


@pytest.fixture(scope="module")
def made() -> Society:
    return make()


def id_is_right(number: str) -> bool:
    """GB 11643 by ISO 7064 MOD 11-2, worked digit by digit (not with the table of weights)."""
    total = 0
    for character in number:
        total = (total * 2 + (10 if character == "X" else int(character))) % 11
    return total == 1


def credit_code_is_right(code: str) -> bool:
    """GB 32100 by Horner's rule modulo 31 from the right, weights 3⁰ … 3¹⁶."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = 0
    for character in reversed(code[:17]):
        total = (total * 3 + alphabet.index(character)) % 31
    return (total + alphabet.index(code[17])) % 31 == 0


def test_the_references_know_the_published_vectors():
    assert id_is_right("11010519491231002X")
    assert not id_is_right("110105194912310021")
    assert credit_code_is_right("91350100M000100Y43")
    assert not credit_code_is_right("91350100M000100Y44")


def test_id_numbers_are_right_unique_and_of_an_area_that_does_not_exist(made):
    people = made.people
    assert people["id_number"].n_unique() == people.height
    cards = people.filter(pl.col("id_kind") == "居民身份证")
    assert cards.height > 0.99 * people.height
    for number, born, sex in cards.select("id_number", "birth_date", "sex").iter_rows():
        assert re.fullmatch(r"3799\d\d\d{8}\d{3}[\dX]", number)
        assert id_is_right(number)
        assert number[6:14] == f"{born:%Y%m%d}"
        assert ("女", "男")[int(number[16]) % 2] == sex


def test_id_numbers_stay_unique_when_a_day_is_crowded():
    birth = np.full(3_000, 19800101)
    numbers = id_numbers(birth, np.arange(3_000) % 2 == 0, first_area=5)
    assert numbers.n_unique() == 3_000
    assert set(numbers.str.slice(0, 6)) == {"379905", "379906", "379907"}
    assert all(id_is_right(number) for number in numbers)
    with pytest.raises(ValueError, match="3799"):
        id_numbers(birth, np.zeros(3_000, dtype=bool), first_area=95)


def test_phones_lie_outside_every_service_range(made):
    numbers = pl.concat([made.people["phone"].drop_nulls(), made.employers["phone"]])
    assert numbers.str.contains(r"^20\d{9}$").all()
    assert made.people["phone"].drop_nulls().is_unique().all()
    assert phones(np.arange(200_000)).n_unique() == 200_000


def test_credit_codes_are_right_and_registered_nowhere(made):
    codes = made.employers["uscc"]
    assert codes.is_unique().all()
    for code in codes:
        assert code[2:8] == "379900"
        assert credit_code_is_right(code)
    assert all(
        credit_code_is_right(credit_code("92", serial)) for serial in range(0, 10**8, 99_991)
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(made, tmp_path):
    again, other = make(), make(seed=8)
    for name in made.__dataclass_fields__:
        first, second = tmp_path / f"1{name}", tmp_path / f"2{name}"
        getattr(made, name).write_parquet(first)
        getattr(again, name).write_parquet(second)
        assert first.read_bytes() == second.read_bytes(), name
    assert not made.people["name"].equals(other.people["name"])


def test_more_employers_do_not_change_the_people(made):
    assert make(employers=5, vacancies=6).people.equals(made.people)


def test_everybody_is_marked_and_lives_where_a_household_lives(made):
    people, homes = made.people, made.households
    assert people["synthetic"].all()
    assert set(people["household_id"]) == set(homes["household_id"])
    joined = people.join(homes, on="household_id")
    assert (joined["unit_path"] == joined["unit_path_right"]).all()
    assert (people["point_source"] == "demonstration").all()
    heads = people.filter(pl.col("household_role") == "户主")
    assert heads.height == homes.height == 653
    assert homes.group_by(pl.col("unit_code").str.slice(0, 12), "number").len()["len"].max() == 1


def test_grids_and_buildings_nest_in_their_community(made):
    areas = made.areas
    assert areas["code"].is_unique().all()
    paths = dict(areas.select("code", "path").iter_rows())
    paths |= {place.code: place.path for place in (TOWN, VILLAGE)}
    for code, parent, path, level in areas.select(
        "code", "parent_code", "path", "level"
    ).iter_rows():
        assert path.startswith(paths[parent])
        suffix = {"grid": r"g\d\d/", "building": r"b\d{3}/"}[level]
        assert re.fullmatch(suffix, path.removeprefix(paths[parent])), code
    homes = made.households.filter(pl.col("unit_code").str.len_chars() > 12)
    assert set(homes["unit_code"]) == set(areas.filter(pl.col("level") == "building")["code"])
    thin = made.households.filter(pl.col("unit_path") == THIN.path)
    assert thin.height == 3


def test_ages_and_households_are_possible(made):
    people = made.people.with_columns(
        age=(pl.lit(AS_OF) - pl.col("birth_date")).dt.total_days() / 365.2425
    )
    assert people["age"].min() >= 0
    assert people["age"].max() < 105
    role = pl.col("household_role")
    adults = people.filter(role.is_in(["户主", "配偶", "父亲", "母亲"]))
    assert adults["age"].min() >= 20
    mothers = people.filter(role.is_in(["户主", "配偶"]) & (pl.col("sex") == "女"))
    pairs = mothers.join(people.filter(role.is_in(["子", "女"])), on="household_id")
    gap = pairs["age"] - pairs["age_right"]
    assert gap.min() > 18
    assert gap.max() < 50
    assert people.filter(role == "配偶").group_by("household_id").len()["len"].max() == 1


def test_children_are_those_of_the_household(made):
    for row in made.people.filter(pl.col("children").list.len() > 0).head(60).rows(named=True):
        members = made.people.filter(
            (pl.col("household_id") == row["household_id"])
            & pl.col("household_role").is_in(["子", "女"])
        )
        assert row["children"] == members["birth_date"].sort().to_list()


def test_facts_agree_with_each_other(made):
    people = made.people
    status = pl.col("employment_status")
    jobless = people.filter(status == "失业")
    assert jobless.height > 60
    never = jobless.filter(pl.col("unemployed_since").is_null())
    assert 0 < never.height < jobless.height / 3
    assert never["known_none"].list.contains("unemployed_since").all()
    assert (never["education"] < 40).all()
    assert people.filter(status != "失业")["unemployed_since"].null_count() > 0
    assert people.filter(status.is_in(["就业", "灵活就业"]))["employed_since"].null_count() == 0
    registered = people.filter(pl.col("registered_unemployed_since").is_not_null())
    assert (registered["employment_status"] == "失业").all()
    worked = registered.drop_nulls("unemployed_since")
    assert (worked["registered_unemployed_since"] >= worked["unemployed_since"]).all()
    for column in ("unemployed_since", "registered_unemployed_since", "employed_since"):
        assert people[column].max() <= AS_OF
    certified = people.filter(pl.col("certified_difficult_since").is_not_null())
    assert certified.height > 5
    assert certified["registered_unemployed_since"].null_count() == 0
    pensioners = people.filter(pl.col("pension_drawn"))
    assert set(pensioners["employment_status"]) == {"退休"}
    for fact in people["known_none"].explode(empty_as_null=True).drop_nulls().unique():
        named = people.filter(pl.col("known_none").list.contains(fact))
        assert named[fact].null_count() == named.height, f"{fact} is both known and none"


def test_there_are_households_where_nobody_works(made):
    working_age = made.people.filter(
        pl.col("labour_capacity") & pl.col("employment_status").is_in(["就业", "灵活就业", "失业"])
    )
    zero = working_age.group_by("household_id").agg(
        (pl.col("employment_status") == "失业").all().alias("nobody"), pl.len()
    )
    assert zero["nobody"].sum() >= 5
    assert zero.filter(pl.col("len") > 1)["nobody"].sum() >= 1


def test_periods_of_one_kind_never_overlap_and_end_in_the_present(made):
    periods = made.periods
    assert periods.equals(periods.sort("person_id", "kind", "since"))
    nexts = periods.with_columns(
        pl.col("since").shift(-1).over("person_id", "kind").alias("next"),
    )
    assert nexts.filter(pl.col("next").is_not_null() & pl.col("until").is_null()).is_empty()
    assert nexts.filter(pl.col("next") < pl.col("until")).is_empty()
    assert periods.filter(pl.col("until") <= pl.col("since")).is_empty()
    now = periods.filter((pl.col("kind") == 0) & pl.col("until").is_null())
    known = made.people.filter(pl.col("employment_status").is_not_null())
    joined = known.join(now, on="person_id", how="left")
    assert joined.height == known.height
    assert (joined["status"] == joined["employment_status"]).all()
    jobless = joined.filter(pl.col("employment_status") == "失业")
    lost = pl.coalesce("unemployed_since", "graduated_on")
    assert jobless.select((pl.col("since") == lost).all()).item()
    assert (periods.filter(pl.col("kind") > 0)["status"] == "").all()
    spells = periods.filter(pl.col("status") == "失业").group_by("person_id").len()
    assert spells["len"].max() >= 3


def test_wishes_are_those_of_people_who_want_work(made):
    joined = made.wishes.join(made.people, on="person_id")
    assert joined.height == made.wishes.height > 60
    assert joined["work_wish"].all()
    assert joined["hours"].is_between(1, 127).all()
    assert joined["occupation_codes"].list.len().is_between(1, 3).all()
    known = {wish["occupation"] for wish in WORK["wishes"]}
    assert set(joined["occupation_codes"].explode(empty_as_null=True)) <= known
    accessible = joined.filter(pl.col("needs_accessible"))
    assert accessible["disability_grade"].drop_nulls().is_between(1, 2).all()


def test_vacancies_say_what_the_law_asks_for_and_exclude_nobody(made):
    vacancies = made.vacancies
    assert vacancies.height == 90
    texts = ("title", "duties", "conditions", "place", "contract_type", "social_insurance")
    for column in (*texts, "protection", "occupation_code"):
        assert (vacancies[column].str.len_chars() > 0).all(), column
    said = vacancies.select(pl.concat_str(*texts, separator="；"))["title"]
    for word in (
        "限男",
        "限女",
        "男性",
        "女性",
        "民族",
        "户籍",
        "户口",
        "宗教",
        "押金",
        "未婚",
        "已婚",
    ):
        assert not said.str.contains(word, literal=True).any(), word
    assert (vacancies["wage_min"] <= vacancies["wage_max"]).all()
    assert (vacancies["min_age"].drop_nulls() >= 18).all()
    assert (vacancies["posted_on"] <= vacancies["expires_on"]).all()
    assert vacancies["hours"].is_between(1, 127).all()
    assert set(vacancies["employer_id"]) <= set(made.employers["employer_id"])
    open_now = vacancies.filter(pl.col("expires_on") >= AS_OF)
    assert 0.8 * vacancies.height < open_now.height < vacancies.height
    assert made.employers["name"].str.ends_with("（演示）").all()
    assert made.employers["name"].is_unique().all()


def test_classes_are_ahead_and_complete(made):
    programmes = made.programmes
    assert programmes.height == 25
    assert programmes["code"].is_unique().all()
    assert (programmes["starts_on"] > AS_OF).all()
    assert (programmes["ends_on"] > programmes["starts_on"]).all()
    assert (
        programmes.select("title", "content", "hours", "provider", "place")
        .null_count()
        .sum_horizontal()[0]
        == 0
    )


def test_assumptions_add_up_to_the_census():
    census, pyramid = SOCIETY["census"], SOCIETY["assumed"]["pyramid"]
    urban = census["urban"]
    mixed = [
        urban * u + (1 - urban) * r for u, r in zip(pyramid["urban"], pyramid["rural"], strict=True)
    ]
    assert sum(mixed) == pytest.approx(100)
    shares = census["shares"]
    assert sum(mixed[:3]) / 100 == pytest.approx(shares["children_0_14"], abs=0.001)
    assert sum(mixed[3:12]) / 100 == pytest.approx(shares["adults_15_59"], abs=0.001)
    assert sum(mixed[12:]) / 100 == pytest.approx(shares["elders_60"], abs=0.001)
    assert sum(mixed[13:]) / 100 == pytest.approx(shares["elders_65"], abs=0.001)


def test_drawn_households_follow_the_pyramid():
    census = SOCIETY["census"]
    for pyramid in SOCIETY["assumed"]["pyramid"].values():
        pool = make_pool(np.random.default_rng(3), pyramid, census["male"], 2.7)
        members = draw(np.random.default_rng(4), pool, 20_000)
        count = len(members.age)
        assert count / 20_000 == pytest.approx(2.7, abs=0.02)
        assert 1 - members.female.mean() == pytest.approx(census["male"], abs=0.005)
        bands = np.bincount(np.minimum(members.age // 5, 17), minlength=18) / count * 100
        assert np.abs(bands - pyramid).max() < 0.3


def test_education_of_the_simulated_population_is_near_the_census():
    urban = SOCIETY["census"]["urban"]
    shares = []
    for rural in (False, True):
        place = Place("371002000001", "37/10/02/000/001/", "丁", "丁", 122, 37, 500, rural, 8_000)
        people = simulate(
            [place], society=SOCIETY, work=WORK, as_of=AS_OF, rng=np.random.default_rng(5),
            employers=1, vacancies=1, programmes=1, county="371002000000",
        ).people  # fmt: skip
        known = people.filter(
            pl.col("education").is_not_null() | (pl.col("birth_date") > date(2020, 6, 30))
        )
        code = known["education"]
        total = known.height
        shares.append([code.is_in(codes).sum() / total for codes in ([10, 20, 30], [40, 60])])
    higher, senior = (urban * u + (1 - urban) * r for u, r in zip(*shares, strict=True))
    census = SOCIETY["census"]["education"]
    assert higher == pytest.approx(census["higher"], abs=0.03)
    assert senior == pytest.approx(census["senior_secondary"], abs=0.03)


def test_points_of_communities_lie_in_the_county_and_do_not_depend_on_their_neighbours():
    ring = [
        [122.0, 37.3],
        [122.3, 37.3],
        [122.3, 37.5],
        [122.1, 37.35],
        [122.0, 37.5],
        [122.0, 37.3],
    ]
    county = {"type": "Polygon", "coordinates": [ring]}
    codes = [f"371002{street:03}{n:03}" for street in (1, 2, 101) for n in range(1, 40)]
    points = scatter(county, (122.2, 37.35), codes)
    lon, lat = (np.array(axis) for axis in zip(*points.values(), strict=True))
    assert inside(county, lon, lat).all()
    assert scatter(county, (122.2, 37.35), codes[5:6]) == {codes[5]: points[codes[5]]}
    assert len(set(points.values())) == len(codes)


def test_inside_knows_holes_and_islands():
    square = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    hole = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    island = [[6, 0], [7, 0], [7, 1], [6, 1], [6, 0]]
    shape = {"type": "MultiPolygon", "coordinates": [[square, hole], [island]]}
    lon, lat = np.array([0.5, 1.5, 6.5, 5.0, 3.0]), np.array([0.5, 1.5, 0.5, 0.5, 3.9])
    assert inside(shape, lon, lat).tolist() == [True, False, True, False, True]
