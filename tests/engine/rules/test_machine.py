"""The machine behind the sweep: the same answers as Polars and as the interpreter, whatever the
block looks like; what it does not know stays with Polars."""

import gc
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.policies.book import DAY as BENCH_DAY
from bench.policies.book import REGION as BENCH_REGION
from bench.policies.book import thirty
from bench.policies.people import block
from weiye.engine.rules import Rule, parse, sweep
from weiye.engine.rules import program as programs
from weiye.engine.rules.facts import FIRM_FACTS, PERSON_FACTS
from weiye.engine.rules.machine import Machine, arrow
from weiye.engine.rules.machine.kernel import CHUNK, run
from weiye.engine.rules.program import Program, Swept

from . import test_interpreter as interpreted
from .book import DAY, REGION, a_book, rule
from .test_interpreter import QUICK, agree, drawn_rules, objects, pack_rules

THIRTY = thirty()


@pytest.fixture(scope="module", autouse=True)
def _small_blocks_too():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "LARGE", 0)
        yield


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return block(0, 0, 2 * CHUNK + 100)


def both(
    rules: list[Rule], frame: pl.DataFrame, day: date = DAY, region: str = REGION
) -> tuple[Swept, Swept, Program]:
    """The machine's answers and those of Polars alone."""
    program = Program(rules, PERSON_FACTS, frame, as_of=day, region=region)
    return program.answers(frame), program._all.answers(frame), program


def same(rules: list[Rule], frame: pl.DataFrame, *, where: object = "") -> Program:
    machine, polars, program = both(rules, frame, BENCH_DAY, BENCH_REGION)
    assert machine.verdicts.equals(polars.verdicts), where
    assert machine.amounts.equals(polars.amounts), where
    assert machine.ids.equals(polars.ids), where
    assert machine.verdicts.schema == polars.verdicts.schema
    assert machine.amounts.schema == polars.amounts.schema
    return program


# Against the interpreter ------------------------------------------------------------------------


@pytest.mark.requirement("PPL-5")
@QUICK
@given(
    everybody=objects(PERSON_FACTS),
    region=st.sampled_from(["371000000000", "370100000000", "371002000000"]),
    day=st.sampled_from([date(2023, 6, 30), date(2024, 12, 31), date(2025, 6, 30)]),
)
def test_every_rule_of_the_packs_about_persons(everybody, region, day):
    agree(pack_rules(region, "person"), everybody, day=day, region=region)


@QUICK
@given(everybody=objects(FIRM_FACTS))
def test_every_rule_of_the_packs_about_firms(everybody):
    agree(pack_rules("371000000000", "firm"), everybody, day=DAY, region="371000000000")


@QUICK
@given(everybody=objects(PERSON_FACTS))
def test_the_thirty_of_the_benchmark(everybody):
    agree(THIRTY, everybody, day=BENCH_DAY, region=BENCH_REGION)


@settings(QUICK, max_examples=30)
@given(**interpreted.ASKED)
def test_random_rules(tests, amounts, days, everybody, region):
    agree(drawn_rules(tests, amounts, days), everybody, day=DAY, region=region)


@pytest.mark.slow
@settings(QUICK, max_examples=150)
@given(**interpreted.ASKED)
def test_many_random_rules(tests, amounts, days, everybody, region):
    agree(drawn_rules(tests, amounts, days), everybody, day=DAY, region=region)


# Shapes of blocks -------------------------------------------------------------------------------


def test_the_machine_knows_all_thirty_and_borders_of_chunks_do_not_show(people: pl.DataFrame):
    for size in (0, 1, 63, 64, 65, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 100):
        program = same(THIRTY, people.head(size), where=size)
        assert program._machine is not None
        assert program._machine.names == [each.id for each in THIRTY]
    for start in (1, 7, 8, 63, 4099):  # bits that do not begin a byte
        same(THIRTY, people.slice(start, CHUNK + 3), where=start)
    same(THIRTY, pl.concat([people.head(70), people.tail(71)], rechunk=False))
    assert len(run.signatures) == 1


def test_columns_of_nulls_without_type_and_not_there_at_all(people: pl.DataFrame):
    some = people.head(300)
    same(THIRTY, some.select("id"))
    same(THIRTY, some.select("id", pl.all().exclude("id").shift(300)))
    for name in some.columns[1:]:
        same(THIRTY, some.drop(name), where=name)
        nothing = pl.Series(name, [None] * 300)
        same(THIRTY, some.with_columns(nothing), where=name)
        same(THIRTY, some.with_columns(nothing.cast(some.schema[name])), where=name)
    flags = {f"{name}_known": pl.col("id") % 3 > 0 for name in some.columns[1:]}
    flags = {name: flag for name, flag in flags.items() if name.removesuffix("_known") in some}
    same(THIRTY, some.with_columns(**flags))


def test_wide_columns_as_a_database_gives_them(people: pl.DataFrame):
    types = PERSON_FACTS.columns()
    some = people.tail(500)
    wide = some.with_columns(pl.col(name).cast(types[name]) for name in some.columns[1:])
    program = same(THIRTY, wide)
    assert program._machine is not None and len(program._machine.names) == 30
    unsigned = ("education", "insured_months_local", "disability_grade", "monthly_income")
    for dtype in (pl.UInt16, pl.UInt32):
        same(THIRTY, some.with_columns(pl.col(unsigned).cast(dtype)), where=dtype)


def test_what_the_machine_does_not_know_stays_with_polars_in_the_order_asked(
    people: pl.DataFrame,
):
    book = a_book()
    texts = {
        "known": "veteran",
        "household": "any(m.veteran for m in household)",
        "list": "size(children) > 1",
        "also": "lies_in(residence_unit, '371002')",
        "sum": "veteran",
    }
    rules = [rule(book, text, name=name) for name, text in texts.items()]
    amounts = [rule(book, "true", name="yes", amount=parse("share(monthly_income, 2, 3)"))]
    amounts += [rule(book, "true", name="no", amount=parse("5.00 * size(children)"))]
    frame = people.head(900).with_columns(
        children=pl.Series([[date(2020, 1, 1)] * (n % 3) for n in range(900)])
    )
    program = same([*amounts, *rules], frame)
    assert program._machine is not None
    assert program._machine.names == ["yes", "known", "also", "sum"]
    floats = frame.with_columns(pl.col("monthly_income").cast(pl.Float64))
    assert (same([*amounts, *rules], floats)._machine or program._machine).names[0] == "known"


def test_texts_of_any_length_and_script():
    units = ["371002001001", "3710", "371", "", "371002001001999", "三七一〇", None, "37100200100"]
    words = ["失业", "就业", "a", "十二字节以上的文字", "", "失业 ", None, "失"]
    frame = pl.DataFrame(
        {"id": range(8), "residence_unit": units, "employment_status": words},
    )
    texts = [
        *(f"lies_in(residence_unit, '{one}')" for one in ("3", "3710", "371002", "371002001001")),
        "employment_status == '失业'",
        "employment_status != '失业'",
        "employment_status in ['a', '就业']",
        "employment_status == '十二字节以上的文字'",
    ]
    book = a_book()
    rules = [rule(book, text, name=text) for text in texts]
    for part in (frame, frame.filter(pl.col("residence_unit").str.len_bytes() <= 12)):
        machine, polars, _ = both(rules, part)
        assert machine.verdicts.equals(polars.verdicts)


def test_a_day_that_no_table_holds_sends_the_block_to_polars():
    days = [date(1, 1, 1), date(9999, 12, 31), date(2024, 1, 31), None]
    frame = pl.DataFrame({"id": range(4), "employed_since": days})
    asked = [rule(a_book(), "true", amount=parse("months_since(employed_since) * 1.00"))]
    machine, polars, program = both(asked, frame)
    assert machine.amounts.equals(polars.amounts)
    assert program._machine is not None
    assert program._machine.answers(frame) is None
    assert program._machine.answers(frame.tail(2)) is not None


@QUICK
@given(
    fen=st.lists(st.integers(0, 10**13), min_size=1, max_size=20),
    over=st.integers(0, 99),
    under=st.integers(1, 99),
)
def test_shares_are_rounded_as_commerce_does(fen, over, under):
    yuan = [Decimal(one) / 100 for one in fen]
    frame = pl.DataFrame(
        {"id": range(len(fen)), "monthly_income": pl.Series(yuan, dtype=pl.Decimal(18, 2))}
    )
    amounts = {"less": f"share(0.00 - monthly_income, {over}, {under})"}
    amounts["more"] = f"share(monthly_income, {over}, {under})"
    book = a_book()
    rules = [rule(book, "true", name=name, amount=parse(one)) for name, one in amounts.items()]
    (swept,) = sweep(rules, [frame], as_of=DAY, region=REGION)
    expected = [(2 * over * one + under) // (2 * under) for one in fen]
    assert swept.amounts["more"].to_list() == expected
    assert swept.amounts["less"].to_list() == [-one for one in expected]


def test_answers_live_as_long_as_somebody_holds_them(people: pl.DataFrame):
    gc.collect()
    before = len(arrow._lent)
    (swept,) = sweep(THIRTY, [people], as_of=BENCH_DAY, region=BENCH_REGION)
    assert len(arrow._lent) > before
    column, copy = swept.amounts["medical"], swept.amounts["medical"].to_list()
    del swept
    gc.collect()
    np.empty(10**6).fill(7)
    assert column.to_list() == copy
    del column
    gc.collect()
    assert len(arrow._lent) == before


def test_memory_is_used_again_only_when_nobody_holds_the_answer():
    parts = [block(number, 0, 500 + number) for number in range(5)]
    answers = sweep(THIRTY, parts, as_of=BENCH_DAY, region=BENCH_REGION)
    held = [next(answers) for _ in range(3)]
    del held[1]
    gc.collect()
    held += answers
    for part, one in zip([*parts[:1], *parts[2:]], held, strict=True):
        (alone,) = sweep(THIRTY, [part], as_of=BENCH_DAY, region=BENCH_REGION)
        assert one.verdicts.equals(alone.verdicts)
        assert one.amounts.equals(alone.amounts)
    rooms = arrow.Rooms()
    room = rooms.room(3, 100)
    place = room.rows.ctypes.data
    assert rooms.room(3, 100).rows.ctypes.data != place
    del room
    assert place in {rooms.room(3, 90).rows.ctypes.data, rooms.room(1, 5).rows.ctypes.data}


def test_a_series_over_our_own_bits():
    values, known = np.array([5], dtype=np.uint64), np.array([7], dtype=np.uint64)
    made = arrow.lent("x", pl.Boolean(), 4, known, values)
    assert made.to_list() == [True, False, True, None]
    assert made.name == "x"


def test_machine_of_no_rules_knows_none():
    machine = Machine([], PERSON_FACTS, pl.Schema({"id": pl.Int64()}), as_of=DAY, region=REGION)
    assert machine.names == []
