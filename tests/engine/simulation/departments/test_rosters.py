"""Departments' rosters: what the truth says of a row is what stands in the file."""

import csv
import io
import re
from collections import Counter
from datetime import date, timedelta

import polars as pl
import pytest
from python_calamine import load_workbook

from tests.engine.simulation.made import (
    AS_OF,
    CHARACTERS,
    DEPARTMENTS,
    ERRORS,
    PLACES,
    blocks,
)
from weiye.engine.simulation import stream
from weiye.engine.simulation.departments import Rosters

# Errors ten times as often where they are rare, so that a small society has all of them.
OFTEN = {
    **ERRORS,
    "base": {k: min(v * 4, 0.08) if v else 0.01 for k, v in ERRORS["base"].items()}
    | {"address_old": 0.3},
}
LISTS = {
    name: {**entry, "rates": {k: v for k, v in entry["rates"].items() if k in ERRORS["rows"]}}
    for name, entry in DEPARTMENTS.items()
}


def write(folder, *, departments=LISTS, errors=OFTEN, seed=9):
    made = []
    with Rosters(
        folder, departments=departments, errors=errors, characters=CHARACTERS, seed=seed,
        as_of=AS_OF, area="环翠区",
    ) as rosters:  # fmt: skip
        for society in stream(**blocks()):
            made.append(society)
            rosters.add(society, PLACES)
    return made, rosters.rows


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rosters")
    made, rows = write(folder)
    truth = pl.read_csv(folder / "truth.csv").with_columns(
        errors=pl.col("errors").fill_null("").str.split("|").list.set_difference([""]),
        sheet=pl.col("sheet").fill_null(""),
    )
    keep = ["person_id", "name", "id_number", "id_kind", "birth_date", "sex", "phone", "address"]
    living = pl.concat([society.people.select(keep) for society in made])
    departed = pl.concat([society.departed.select(keep) for society in made])
    everybody = pl.concat([living, departed]).rows_by_key("person_id", named=True, unique=True)
    traces = pl.concat([society.traces for society in made])
    return {
        "folder": folder, "truth": truth, "rows": rows, "everybody": everybody, "made": made,
        "departed": set(departed["person_id"]),
        "traces": traces.rows_by_key("person_id", named=True, unique=True),
    }  # fmt: skip


def sheets(folder, department):
    """Cells of a department's file by (sheet, row), as written; rows count from 1."""
    entry = DEPARTMENTS[department]
    path = folder / "rosters" / f"{entry['file']}.{entry['kind']}"
    if entry["kind"] == "csv":
        lines = csv.reader(io.StringIO(path.read_bytes().decode(entry["encoding"])))
        return {("", number): line for number, line in enumerate(lines, 1)}
    book = load_workbook(path)
    return {
        (name, number): line
        for name in book.sheet_names
        for number, line in enumerate(
            book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1
        )
    }


def rows_of(sent, department):
    """`(cells by field, truth row, person)` of every row of a department."""
    cells = sheets(sent["folder"], department)
    fields = [column[1] for column in DEPARTMENTS[department]["columns"]]
    for row in sent["truth"].filter(pl.col("department") == department).iter_rows(named=True):
        values = cells.pop((row["sheet"], row["row"]))
        yield dict(zip(fields, values, strict=False)), row, sent["everybody"][row["person_id"]]


@pytest.mark.requirement("PPL-3")
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_what_the_truth_says_is_in_the_file(sent, department):
    count = 0
    for cells, row, person in rows_of(sent, department):
        count += 1
        errors = set(row["errors"])
        told = f"{department} {row} {cells}"
        name = person["name"]
        if not any(error.startswith("name_") for error in errors):
            assert cells["name"] == name, told
        else:
            assert cells["name"] != name, told
        number = cells["id_number"]
        if not any(error.startswith("id_") for error in errors):
            assert number == person["id_number"], told
        elif "id_missing" in errors:
            assert number == "", told
        elif "id_float" in errors:
            shown = isinstance(number, float) or re.fullmatch(r"3\.799\d+E\+17", number)
            assert shown, told
        else:
            assert number != person["id_number"], told
            assert re.sub(r"\s", "", str(number)).translate(NARROW)[:4] in FIRST, told
        if "phone" in cells:
            shown = cells["phone"]
            shown = str(int(shown)) if isinstance(shown, float) else shown
            wrong = any(error.startswith("phone_") for error in errors)
            assert (shown != (person["phone"] or "")) == wrong, told
        if "birth_date" in cells:
            wrong = any(error.startswith("birth_") for error in errors)
            assert (day_of(cells["birth_date"]) != person["birth_date"]) == wrong, told
        if "moved" in errors:
            trace = sent["traces"][row["person_id"]]
            if not any(error.startswith("address_") for error in errors):
                assert cells["address"] == trace["former_address"], told
        elif not any(error.startswith("address_") for error in errors):
            assert cells["address"] == person["address"], told
        gone = row["person_id"] in sent["departed"]
        assert bool(errors & {"died", "moved_away"}) == gone, told
    assert count == sent["rows"][department]


NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
FIRST = {"3799", "ZZ00", "H990", "9900"}


def day_of(text) -> date | None:
    """A date in any of the ways in which rosters spell it, read independently."""
    if isinstance(text, float):
        return date(1899, 12, 30) + timedelta(days=int(text))
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    if len(numbers) == 1:
        return date(numbers[0] // 10_000, numbers[0] // 100 % 100, numbers[0] % 100)
    return date(*numbers) if numbers else None


@pytest.mark.requirement("PPL-3")
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_every_row_of_the_file_is_in_the_truth(sent, department):
    cells = sheets(sent["folder"], department)
    known = {
        (row["sheet"], row["row"])
        for row in sent["truth"].filter(pl.col("department") == department).iter_rows(named=True)
    }
    assert len(known) == sent["rows"][department], "no two on one row"
    entry = DEPARTMENTS[department]
    titles = len(entry.get("titles", ()))
    header = [column[0] for column in entry["columns"]]
    footers = tuple(word.split("{")[0] for word in entry.get("footer", ()))
    for (sheet, number), values in cells.items():
        if (sheet, number) in known or not any(values):
            continue
        if number <= titles:
            assert values[0]
            assert not any(values[1:]), "a title is one merged cell"
        elif number == titles + 1:
            assert [str(value) for value in values] == header
        else:
            assert str(values[0]).startswith(footers), values


@pytest.mark.requirement("PPL-3")
def test_all_kinds_of_errors_occur(sent):
    found = Counter(sent["truth"]["errors"].explode(empty_as_null=True).drop_nulls())
    expected = set(ERRORS["base"]) | {"duplicate", "died", "moved_away", "moved", "name_rare_lost"}
    # Names with a dot are too few here; theirs is tested by itself.
    assert expected - set(found) <= {"name_dot", "id_of_other"}


@pytest.mark.requirement("PPL-3")
def test_everybody_concerned_is_listed_but_for_the_coverage(sent):
    people = pl.concat([society.people for society in sent["made"]])
    truth = sent["truth"]

    def share(department, who):
        listed = set(truth.filter(pl.col("department") == department)["person_id"])
        wanted = set(who["person_id"])
        assert listed - sent["departed"] <= wanted, "nobody who is not concerned"
        return len(listed & wanted) / len(wanted)

    poor = people.filter(pl.col("minimum_living").is_in(["低保", "低保边缘", "特困"]))
    assert share("民政", poor) == pytest.approx(0.98, abs=0.03)
    assert share("残联", people.filter(pl.col("disability_grade") >= 1)) > 0.9
    assert share("退役军人", people.filter(pl.col("veteran"))) == pytest.approx(0.9, abs=0.1)
    assert share("公安", people) == pytest.approx(0.97, abs=0.01)


def test_households_share_merged_cells_and_sheets_have_one_category(sent):
    seen = set()
    for cells, row, _ in rows_of(sent, "民政"):
        assert cells["minimum_living"] == row["sheet"]
        seen.add(row["sheet"])
    assert len(seen) == 3
    path = sent["folder"] / "rosters" / f"{DEPARTMENTS['民政']['file']}.xlsx"
    import openpyxl

    book = openpyxl.load_workbook(path)
    merged = [area for sheet in book for area in sheet.merged_cells.ranges]
    assert sum(area.max_row > area.min_row for area in merged) > 10


def test_the_same_seed_sends_the_same_bytes(sent, tmp_path):
    write(tmp_path)
    for path in sorted(sent["folder"].rglob("*.*")):
        again = tmp_path / path.relative_to(sent["folder"])
        assert again.read_bytes() == path.read_bytes(), path.name


def test_nobody_knows_of_days_to_come(sent):
    for society in sent["made"]:
        assert society.people["birth_date"].max() <= AS_OF
        assert society.departed["left_on"].max() < AS_OF
        assert society.traces["moved_on"].max() < AS_OF
        assert society.schooling["since"].max() <= AS_OF
        assert society.jobs["since"].max() <= AS_OF
        assert society.periods["until"].max() <= AS_OF
