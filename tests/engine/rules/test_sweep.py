"""Large runs: block after block, narrow columns, the same answers as one by one."""

from datetime import date

import polars as pl
import pytest

from bench.policies import in_polars
from bench.policies.book import DAY, REGION, thirty
from bench.policies.people import block, blocks
from weiye.engine.rules import MET, UNKNOWN, UNMET, FactsError, RuleError, evaluate, parse, sweep
from weiye.engine.rules import prepare as preparing
from weiye.engine.rules.facts import PERSON_FACTS

from .book import a_book, rule


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return block(0, 0, 3000)


def widened(frame: pl.DataFrame) -> pl.DataFrame:
    """The same facts as a database gives them: plain texts, wide numbers, money with decimals."""
    types = PERSON_FACTS.columns()
    return frame.with_columns(pl.col(name).cast(types[name]) for name in frame.columns[1:])


def test_the_thirty_are_what_somebody_wrote_in_polars_by_hand(people: pl.DataFrame):
    (swept,) = sweep(thirty(), [people], as_of=DAY, region=REGION)
    by_hand = in_polars.answers(people)
    for name in swept.verdicts.columns:
        assert swept.verdicts[name].to_list() == by_hand[name].to_list(), name
        assert swept.amounts[name].to_list() == by_hand[f"¥{name}"].to_list(), name
    seen = {code for name in swept.codes() for code in name.unique()}
    assert seen == {MET, UNMET, UNKNOWN}


def test_a_sweep_says_what_evaluate_says(people: pl.DataFrame):
    some = people.head(400)
    (swept,) = sweep(thirty(), [some], as_of=DAY, region=REGION)
    verdicts = evaluate(thirty(), some, as_of=DAY, region=REGION)
    assert verdicts.wide().drop("id").equals(swept.verdicts)
    amounts = verdicts.rules().select("id", "rule", "amount").pivot("rule", index="id")
    fen = amounts.drop("id").select((pl.all() * 100).cast(pl.Int64))
    assert fen.equals(swept.amounts)


def test_narrow_and_wide_columns_give_the_same(people: pl.DataFrame):
    (narrow,) = sweep(thirty(), [people], as_of=DAY, region=REGION)
    (wide,) = sweep(thirty(), [widened(people)], as_of=DAY, region=REGION)
    assert narrow.verdicts.equals(wide.verdicts)
    assert narrow.amounts.equals(wide.amounts)


def test_blocks_give_what_the_whole_gives(people: pl.DataFrame):
    parts = [people.slice(0, 1), people.slice(1, 1999), widened(people.slice(2000))]
    (whole,) = sweep(thirty(), [people], as_of=DAY, region=REGION)
    swept = list(sweep(thirty(), parts, as_of=DAY, region=REGION))
    assert pl.concat([one.ids for one in swept]).to_list() == people["id"].to_list()
    assert pl.concat([one.verdicts for one in swept]).equals(whole.verdicts)
    assert pl.concat([one.amounts for one in swept]).equals(whole.amounts)


def test_looking_at_the_flags_first_changes_no_answer(
    people: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    flagged = people.head(500).with_columns(
        # Values that their flag takes away, nulls that stand for something, flags without both.
        veteran_known=pl.col("id") % 3 > 0,
        disability_grade_known=pl.col("id") % 5 > 0,
        certified_difficult_since_known=pl.col("id") % 2 > 0,
        land_lost_known=True,
        education=pl.when(pl.col("id") % 7 > 0).then("education"),
        education_known=True,
    )
    (before,) = sweep(thirty(), [flagged], as_of=DAY, region=REGION)
    monkeypatch.setattr(preparing, "_LARGE", 0)
    (after,) = sweep(thirty(), [flagged], as_of=DAY, region=REGION)
    assert before.verdicts.equals(after.verdicts)
    assert before.amounts.equals(after.amounts)


def test_blocks_are_asked_one_at_a_time():
    """Nothing is read ahead and nothing kept: memory does not grow with the number of people."""
    taken: list[int] = []

    def source():
        for one in blocks(40, 10):
            taken.append(one.height)
            yield one

    answers = sweep(thirty(), source(), as_of=DAY, region=REGION)
    for number in range(4):
        next(answers)
        assert len(taken) == number + 1


def test_words_that_a_column_cannot_say_are_said_by_nobody():
    frame = pl.DataFrame(
        {
            "id": [1, 2],
            "sex": pl.Series(["女", None], dtype=pl.Enum(["女"])),
            "minimum_living": pl.Series([None, None], dtype=pl.Enum(["低保"])),
            "minimum_living_known": [True, False],
            "hukou_unit": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
            "residence_unit": pl.Series(["a", "a"], dtype=pl.Enum(["a"])),
        }
    )
    texts = [
        ("sex == '男'", [False, None]),
        ("sex != '男'", [True, None]),
        ("sex in ['男', '女']", [True, None]),
        ("minimum_living == '无'", [True, None]),
        ("hukou_unit == residence_unit", [True, False]),
        ("('男' if sex == '女' else '女') == '男'", [True, None]),
    ]
    for text, expected in texts:
        (swept,) = sweep([rule(a_book(), text)], [frame], as_of=DAY, region=REGION)
        assert swept.verdicts["r"].to_list() == expected, text


def test_days_beyond_every_life_are_counted_too():
    """Lengths of time are looked up per day where days are few, else worked out."""
    far = [date(1, 1, 1), date(9999, 12, 31), None, *[date(2024, 1, 31)] * 5]
    near = [date(2024, 1, n % 28 + 1) for n in range(60)]
    for days in (far, near):
        frame = pl.DataFrame({"id": range(len(days)), "employed_since": days})
        asked = rule(a_book(), "true", amount=parse("months_since(employed_since) * 1.00"))
        (swept,) = sweep([asked], [frame], as_of=DAY, region=REGION)
        months = [
            day and (DAY.year - day.year) * 12 + DAY.month - day.month - (day.day > DAY.day)
            for day in days
        ]
        assert swept.amounts["r"].to_list() == [n if n is None else n * 100 for n in months]


def test_what_does_not_fit_is_refused_and_nothing_asked_is_nothing_answered(people: pl.DataFrame):
    with pytest.raises(FactsError, match="column veteran must be Boolean"):
        next(sweep(thirty(), [pl.DataFrame({"id": [1], "veteran": [3]})], as_of=DAY, region=REGION))
    late = rule(a_book(), "veteran", valid_from=date(2030, 1, 1))
    (swept,) = sweep([late], [people], as_of=DAY, region=REGION)
    assert swept.verdicts.width == swept.amounts.width == 0
    assert swept.ids.len() == people.height
    with pytest.raises(RuleError, match="share their subject"):
        next(sweep([late, *thirty()], [people], as_of=DAY, region=REGION))
