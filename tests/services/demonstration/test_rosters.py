"""`./weiye simulate --rosters` and `--link`: without a database, with the truth apart."""

import polars as pl
import pytest
from django.conf import settings

from weiye.config import cli
from weiye.launcher import commands
from weiye.services.demonstration.command import main
from weiye.services.demonstration.places import read_yaml
from weiye.services.exchange.sheets import propose, read_table

STREET = "371003001000"
ARGUMENTS = ["--unit", STREET, "--people", "700", "--as-of", "2026-06-30", "--seed", "4"]


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    out = tmp_path_factory.mktemp("sent")
    assert main([*ARGUMENTS, "--rosters", "--out", str(out)]) == 0
    return out


@pytest.mark.requirement("PPL-3")
def test_every_department_s_roster_is_understood(sent):
    """The columns that say who somebody is are found, in whatever words and shape they come."""
    departments = read_yaml(settings.PACKS_DIR / "shandong", "departments")
    wanted = {"name", "id_number", "sex", "birth_date", "phone", "address", "education"}
    for entry in departments.values():
        name = f"{entry['file']}.{entry['kind']}"
        table = read_table(name, (sent / "rosters" / name).read_bytes(), "roster")
        found = propose(table)
        assert not found.missing, name
        titles = {column.index: column.title for column in table.columns}
        told = {field: titles[index] for index, field in found.mapping.items()}
        for title, field, *_ in entry["columns"]:
            if field in wanted:
                field = "hukou_address" if title == "户籍地址" else field
                assert told.get(field) == title, (name, title, told)


@pytest.mark.requirement("PPL-3")
def test_rosters_and_truth_lie_side_by_side(sent):
    tmp_path = sent
    truth = pl.read_csv(tmp_path / "truth.csv")
    assert truth.columns == ["department", "file", "sheet", "row", "person_id", "errors"]
    files = {path.name for path in (tmp_path / "rosters").iterdir()}
    assert set(truth["file"]) <= files
    assert len(files) == 9
    known = pl.concat(
        [
            pl.read_parquet(tmp_path / f"{name}.parquet").select("person_id", "id_number")
            for name in ("residents", "departed")
        ]
    )
    assert set(truth["person_id"]) <= set(known["person_id"])
    assert known["id_number"].is_unique().all()
    assert not (tmp_path / ".parts").exists()


@pytest.mark.requirement("PPL-3")
def test_linkage_tables_are_files_of_the_contract(tmp_path):
    assert main([*ARGUMENTS, "--link", "--out", str(tmp_path)]) == 0
    left, right, truth = (
        pl.read_csv(tmp_path / f"{name}.csv", infer_schema=False)
        for name in ("left", "right", "truth")
    )
    names = ["id", "name", "id_number", "birth_date", "sex", "phone", "address", "unit"]
    assert left.columns == right.columns == names
    assert truth.columns == ["left_id", "right_id", "errors"]
    assert set(truth["left_id"]) <= set(left["id"])
    assert set(truth["right_id"]) <= set(right["id"])


def test_rosters_want_a_folder(capsys):
    with pytest.raises(SystemExit):
        main([*ARGUMENTS, "--rosters"])
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--people", "5", "--out", "folder"], False),
        (["--people", "5", "--out=folder"], False),
        (["--people", "5"], True),
    ],
)
def test_files_are_made_without_a_database(words, wanted):
    assert commands.needs_database(commands.table()["simulate"], words) is wanted
    assert cli.needs_database(cli.table()["simulate"], words) is wanted
    assert commands.needs_database(commands.table()["roster"], words) is True
    assert cli.main(["--needs-database", "simulate", *words]) == (0 if wanted else 1)
