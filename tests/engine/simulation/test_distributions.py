"""What is generated follows the figures of the pack, and those follow what was published."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest

from tests.engine.simulation.made import AS_OF, PLACES, SOCIETY, WORK, blocks, place
from weiye.engine.simulation import simulate, stream

ASSUMED, CENSUS, NAMES = SOCIETY["assumed"], SOCIETY["census"], SOCIETY["names"]
URBAN = CENSUS["urban"]


def fits(observed, expected, slack: float = 0.0) -> bool:
    """Pearson's chi-square within five deviations of its mean (Wilson–Hilferty), the expected
    shares being known to `slack` (a share of each)."""
    observed = np.asarray(observed, dtype=float)
    expected = np.asarray(expected, dtype=float) / np.sum(expected) * observed.sum()
    kept = expected > 5
    off = np.maximum(np.abs(observed - expected)[kept] - slack * expected[kept], 0)
    statistic = float((off**2 / expected[kept]).sum())
    free = max(1, int(kept.sum()) - 1)
    limit = free * (1 - 2 / (9 * free) + 5 * math.sqrt(2 / (9 * free))) ** 3
    return statistic < limit


def test_the_measure_knows_a_wrong_distribution():
    assert fits([505, 495], [0.5, 0.5])
    assert not fits([600, 400], [0.5, 0.5])


@pytest.fixture(scope="module")
def halves():
    """Town and village, 6 000 households each: the people of either."""
    result = []
    for rural in (False, True):
        one = place("371002000001", "37/10/02/000/001/", "丁社区", rural, 6_000)
        result.append(
            simulate(
                [one], society=SOCIETY, work=WORK, as_of=AS_OF, rng=np.random.default_rng(5),
                employers=1, vacancies=1, programmes=1, county="371002000000",
            )
        )  # fmt: skip
    return result


def age(frame: pl.DataFrame) -> np.ndarray:
    years = AS_OF.year - frame["birth_date"].dt.year().to_numpy()
    before = frame["birth_date"].dt.strftime("%m%d").to_numpy() > f"{AS_OF:%m%d}"
    return years - before


@pytest.mark.requirement("PPL-3")
def test_ages_and_sexes(halves):
    for name, made in zip(("urban", "rural"), halves, strict=True):
        bands = np.bincount(np.minimum(age(made.people) // 5, 17), minlength=18)
        # Twins and days at the edge of a year of age move a few from band to band.
        assert fits(bands, ASSUMED["pyramid"][name], slack=0.02), name
        men = (made.people["sex"] == "男").sum()
        assert fits([men, made.people.height - men], [CENSUS["male"], 1 - CENSUS["male"]])


@pytest.mark.requirement("PPL-3")
def test_work_of_those_of_working_age(halves):
    for name, made in zip(("urban", "rural"), halves, strict=True):
        people = made.people.filter(
            pl.col("employment_status").is_in(["就业", "灵活就业", "失业", "其他"]),
            pl.col("labour_capacity"),
        )
        grown = people.filter(pl.Series(age(people) >= 26))
        shares = dict(grown["employment_status"].value_counts().iter_rows())
        table = ASSUMED["employment"]
        # Households without work turn some of every status into 失业.
        assert fits([shares[s] for s in table["statuses"]], table[name], slack=0.12), name


@pytest.mark.requirement("PPL-3")
def test_disability_support_and_veterans(halves):
    table = ASSUMED["disability"]
    people = pl.concat([made.people for made in halves])
    years = age(people)
    grade = people["disability_grade"].to_numpy()
    group = np.searchsorted(table["ages"], years, side="right") - 1
    for number, share in enumerate(table["shares"]):
        rows = group == number
        expected = share * rows.sum()
        assert abs((grade[rows] > 0).sum() - expected) < 5 * math.sqrt(expected) + 5
    held = [(grade == number).sum() for number in (1, 2, 3, 4)]
    assert fits(held, table["grades"])
    men = people.filter((pl.col("sex") == "男") & pl.Series(years >= 20))["veteran"].drop_nulls()
    assert fits([men.sum(), len(men) - men.sum()], [ASSUMED["veteran"], 1 - ASSUMED["veteran"]])
    for name, made in zip(("urban", "rural"), halves, strict=True):
        homes = made.people.unique("household_id")["minimum_living"]
        support = (homes != "无").mean()
        base = 1 - ASSUMED["minimum_living"][name][-1] / 100
        # Hardship makes support up to four times as likely.
        assert base < support < 2.2 * base, name


@pytest.mark.requirement("PPL-3")
def test_incomes_have_the_medians_of_the_pack(halves):
    for name, made in zip(("urban", "rural"), halves, strict=True):
        for status, table in (("就业", "就业"), ("灵活就业", "灵活就业"), ("退休", "pension")):
            income = made.people.filter(pl.col("employment_status") == status)["monthly_income"]
            median, _ = ASSUMED["income"][name][table]
            assert income.median() == pytest.approx(median, rel=0.04), (name, status)


@pytest.mark.requirement("PPL-3")
def test_names(halves):
    people = pl.concat([made.people for made in halves])
    heads = people.filter(pl.col("household_role") == "户主")
    plain = heads.filter(~pl.col("name").str.contains("·", literal=True))
    first = plain["name"].str.slice(0, 1)
    counts = dict(first.value_counts().iter_rows())
    order = sorted(NAMES["surnames"]["percent"], key=lambda name: -counts.get(name, 0))
    assert order[0] == "王"
    assert set(order[:4]) == {"王", "张", "李", "刘"}
    percent = NAMES["surnames"]["percent"]
    drawn = [counts.get(name, 0) for name in percent]
    rest = plain.height - sum(drawn)
    assert fits([*drawn, rest], [*percent.values(), 100 - sum(percent.values())])
    five = sum(counts[name] for name in NAMES["report"]["order"]) / plain.height
    assert five >= NAMES["report"]["five"], "Shandong has more of them than the country"

    years = age(people)
    single = (people["name"].str.len_chars() == 2).to_numpy()
    cohorts = [entry["from"] for entry in NAMES["given"]]
    for number, entry in enumerate(NAMES["given"]):
        rows = (np.searchsorted(cohorts, years, side="right") - 1) == number
        assert single[rows].mean() == pytest.approx(entry["single"], abs=0.02)
    assert max(entry["single"] for entry in NAMES["given"]) <= NAMES["report"]["single"]["highest"]


@pytest.mark.requirement("PPL-3")
def test_deaths_moves_and_peoples(halves):
    changes = ASSUMED["changes"]
    for made in halves:
        reasons = dict(made.departed["reason"].value_counts().iter_rows())
        count = made.people.height * changes["years"]
        for reason, rate in (("死亡", CENSUS["death_rate"]), ("迁出", changes["moved_away"])):
            expected = count * rate
            assert abs(reasons[reason] - expected) < 5 * math.sqrt(expected)
        old = made.departed.filter(pl.col("reason") == "死亡")["birth_date"].dt.year().median()
        assert old < 1960
        minority = (made.traces["ethnicity"] != "汉族").mean()
        assert minority == pytest.approx(CENSUS["minority"], abs=0.004)
        moved = made.traces["moved_on"].is_not_null().mean()
        assert moved == pytest.approx(changes["moved"] * changes["years"], abs=0.015)


def test_every_published_figure_names_its_source():
    for table in (CENSUS, NAMES["report"]):
        assert "20" in table["source"], "who published it and when"
    assert set(SOCIETY) == {"census", "documents", "assumed", "names"}
    assert ASSUMED["changes"]["minority"] == CENSUS["minority"]


@pytest.mark.requirement("PPL-3")
def test_blocks_follow_each_other_without_sharing_a_number():
    made = list(stream(**blocks(block=1_000)))
    assert len(made) == 2
    people = pl.concat([part.people for part in made])
    departed = pl.concat([part.departed for part in made])
    for column in ("person_id", "id_number"):
        both = pl.concat([people[column], departed[column]])
        assert both.is_unique().all(), column
    assert people["household_id"].n_unique() == sum(one.households for one in PLACES)
    assert pl.concat([part.employers for part in made])["uscc"].is_unique().all()
    assert sum(part.vacancies.height for part in made) == 30
    for name in ("periods", "schooling", "jobs", "traces", "wishes"):
        rows = pl.concat([getattr(part, name) for part in made])
        assert set(rows["person_id"]) <= set(people["person_id"]), name
    again = list(stream(**blocks(block=1_000)))
    for first, second in zip(made, again, strict=True):
        for name in first.__dataclass_fields__:
            assert getattr(first, name).equals(getattr(second, name)), name


def test_a_community_cannot_hold_a_city():
    full = place("371002003030", "37/10/02/003/030/", "甲社区", False, 50_000)
    with pytest.raises(ValueError, match="larger unit"):
        next(stream(**blocks(places=[full])))


@pytest.mark.requirement("PPL-3")
def test_lives_are_told_in_order(halves):
    made = halves[0]
    born = made.people.select("person_id", "birth_date", "education")
    for name in ("schooling", "jobs"):
        rows = getattr(made, name)
        nexts = rows.sort("person_id", "since").with_columns(
            next=pl.col("since").shift(-1).over("person_id")
        )
        late = nexts.filter(pl.col("until").is_not_null() & (pl.col("next") < pl.col("until")))
        assert late.is_empty(), name
        assert (
            rows.join(born, on="person_id")
            .filter(pl.col("since") < pl.col("birth_date"))
            .is_empty()
        )
    highest = made.schooling.group_by("person_id").agg(pl.col("education").min())
    both = highest.join(born, on="person_id", suffix="_now").drop_nulls()
    assert (both["education"] == both["education_now"]).mean() > 0.98
    careers = made.jobs.group_by("person_id").len()["len"]
    assert careers.max() >= 4
    workers = born.filter(pl.col("birth_date") < date(1980, 1, 1))
    assert careers.len() > 0.3 * workers.height


def test_twins_are_born_on_one_day_and_siblings_bear_different_names(halves):
    children = pl.concat(
        [made.people.with_columns(pl.lit(n).alias("half")) for n, made in enumerate(halves)]
    ).filter(pl.col("household_role").is_in(["子", "女"]))
    same = children.filter(pl.len().over("half", "household_id", "birth_date") > 1)
    assert 0.001 < same.height / children.height < 0.1
    named = children.filter(pl.len().over("half", "household_id", "name") > 1)
    assert named.height < 0.01 * children.height
