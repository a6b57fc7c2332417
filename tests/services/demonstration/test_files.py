"""`./weiye simulate --out`: the files of the engine's contracts."""

import json
from datetime import date

import polars as pl
import pytest

from weiye.services.demonstration.actions import plan_simulation
from weiye.services.demonstration.command import main
from weiye.services.demonstration.places import NoSuchUnit, communities, plain_name, read_yaml

STREET = "371003001000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated")
    assert (
        main(["--unit", STREET, "--people", "900", "--as-of", "2026-06-30", "--out", str(out)]) == 0
    )
    return out


def test_the_files_are_those_of_the_contract(folder):
    people = pl.read_parquet(folder / "people.parquet")
    assert people.schema["birth_date"] == pl.Date
    assert people.schema["occupation_codes"] == pl.List(pl.String)
    assert {"person_id", "lon", "lat", "hours", "min_wage", "max_walk_minutes"} <= set(
        people.columns
    )
    assert people.height > 40
    vacancies = pl.read_parquet(folder / "vacancies.parquet")
    assert {"occupation_code", "wage_max", "expires_on", "openings"} <= set(vacancies.columns)
    assert vacancies.height == 45


def test_everybody_is_in_the_facts_and_null_means_none(folder):
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    people = [entry for entry in facts if entry["kind"] == "person"]
    assert abs(len(people) - 900) < 45
    homes = {entry["household_id"] for entry in people}
    assert 2.3 < len(people) / len(homes) < 3.1
    for entry in people:
        assert date.fromisoformat(entry["birth_date"]) <= date(2026, 6, 30)
        assert entry["residence_unit"].startswith("371003001")
        if entry.get("employment_status") == "就业":
            assert entry["unemployed_since"] is None
            assert entry["employed_since"]
    assert any("education" not in entry for entry in people), "something is unknown"


def test_the_roster_holds_everybody(folder):
    roster = pl.read_csv(folder / "roster.csv", infer_schema=False)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert roster.height == sum(entry["kind"] == "person" for entry in facts)
    cards = roster["身份证号"].str.contains(r"^3799\d{13}[\dX]$")
    assert cards.sum() > 0.99 * roster.height
    assert roster.filter(~cards)["身份证号"].str.contains(r"^(ZZ\d{7}|H99\d{6}|99\d{6})$").all()
    assert roster["户号"].null_count() == 0


def test_the_same_command_gives_the_same_bytes(folder, tmp_path):
    arguments = ["--unit", STREET, "--people", "900", "--as-of", "2026-06-30"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in folder.iterdir())
    other = tmp_path / "other"
    assert main([*arguments, "--seed", "8", "--out", str(other)]) == 0
    assert (other / "facts.json").read_bytes() != (folder / "facts.json").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unit", "379900000000", "--people", "10"],
        ["--unit", "371003999000", "--people", "10"],
        ["--unit", "37100", "--people", "10"],
        ["--unit", STREET, "--people", "0"],
    ],
)
def test_wrong_arguments_are_told_in_one_sentence(arguments, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([*arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("weiye: ")
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("翠竹居委会", "翠竹社区"),
        ("百合社区居委会", "百合社区"),
        ("滨河社区居民委员会", "滨河社区"),
        ("港头村委会", "港头村"),
        ("马杓湾村村民委会", "马杓湾村"),
        ("西北村居委会", "西北村社区"),
        ("肥城东升纸业社区", "肥城东升纸业社区"),
    ],
)
def test_communities_are_called_as_people_call_them(name, plain):
    assert plain_name(name) == plain


def test_a_functional_area_without_a_boundary_gets_points_in_its_city():
    pack, places, _ = plan_simulation("371071000000", 400)
    assert places
    assert all(121.0 < place.lon < 123.0 and 36.5 < place.lat < 37.7 for place in places)
    with pytest.raises(NoSuchUnit):
        communities(pack, "371071999000")


@pytest.mark.requirement("PPL-3")
def test_the_province_has_the_urban_share_of_the_census():
    pack, places, _ = plan_simulation("370000000000", 2_000_000)
    urban = sum(place.households for place in places if not place.rural)
    share = urban / sum(place.households for place in places)
    assert share == pytest.approx(read_yaml(pack, "society")["census"]["urban"], abs=0.01)


def test_households_are_spread_without_losing_any():
    _, places, _ = plan_simulation("371003000000", 27_000)
    assert sum(place.households for place in places) == 10_000
    towns = [place.households for place in places if not place.rural]
    villages = [place.households for place in places if place.rural]
    assert min(towns) > max(villages)
