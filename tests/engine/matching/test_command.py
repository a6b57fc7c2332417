"""`./weiye match` on files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from tests.engine.matching.test_match import (
    DAY,
    JOB,
    PERSON,
    people_frame,
    vacancy_frame,
)
from weiye.engine.matching import Weights, match
from weiye.engine.matching.command import main
from weiye.engine.tables import write_table

pytestmark = [pytest.mark.requirement("MAT-1"), pytest.mark.requirement("MAT-2")]

PEOPLE_ROWS = [PERSON | {"person_id": n, "lat": 37.5 + n * 1e-3} for n in range(1, 6)]
JOB_ROWS = [JOB | {"vacancy_id": n, "lon": 122.1 + n * 1e-3} for n in range(1, 9)]


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    people, jobs = tmp_path / "p.csv", tmp_path / "v.parquet"
    write_table(people_frame(PEOPLE_ROWS), people)
    write_table(vacancy_frame(JOB_ROWS), jobs)
    return people, jobs


def run(people: Path, jobs: Path, out: Path, *rest: str, **keywords: Any) -> int:
    files = ["--people", str(people), "--vacancies", str(jobs), "--out", str(out)]
    return main([*files, "--as-of", DAY.isoformat(), *rest], **keywords)


def sheet(path: Path) -> pl.DataFrame:
    active = openpyxl.load_workbook(path).active
    assert active is not None
    header, *rows = active.values
    return pl.DataFrame(rows, schema=[str(name) for name in header], orient="row")


@pytest.mark.parametrize("direction", ["person", "vacancy"])
@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx"])
def test_the_pairs_in_every_format(
    tmp_path: Path, inputs: tuple[Path, Path], suffix: str, direction: Any
) -> None:
    out = tmp_path / f"pairs.{suffix}"
    assert run(*inputs, out, "--for", direction, "--top", "3") == 0
    wanted = match(
        people_frame(PEOPLE_ROWS),
        vacancy_frame(JOB_ROWS),
        as_of=DAY,
        top=3,
        direction=direction,
    )
    if suffix == "parquet":
        assert pl.read_parquet(out).equals(wanted)
    else:
        read = pl.read_csv(out) if suffix == "csv" else sheet(out)
        assert read.columns == wanted.columns
        assert read["reasons"].to_list() == ["|".join(row) for row in wanted["reasons"]]
        assert read["score"].to_list() == wanted["score"].to_list()
    first = out.read_bytes()
    assert run(*inputs, out, "--for", direction, "--top", "3", "--threads", "2") == 0
    assert out.read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["p.csv", "v.parquet", out.name])


def test_bad_rows_go_beside_the_output(
    tmp_path: Path, inputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    people, jobs = inputs
    lines = people.read_text("utf-8").splitlines()
    at = lines[0].split(",").index("education")
    for number, value in ((1, "高中"), (2, "50"), (3, "")):
        cells = lines[number].split(",")
        cells[at] = value
        lines[number] = ",".join(cells)
    people.write_text("\n".join(lines), "gb18030")
    out = tmp_path / "pairs.parquet"
    assert run(people, jobs, out) == 0
    assert pl.read_parquet(out)["person_id"].unique().sort().to_list() == [3, 4, 5]
    rejects = pl.read_csv(tmp_path / "pairs.parquet.rejects.csv")
    assert rejects.columns[: len(lines[0].split(","))] == lines[0].split(",")
    assert rejects.select("table", "row", "reason").rows() == [
        ("people", 2, "education 应为整数"),
        ("people", 3, "education 不是 GB/T 4658 学历代码"),
    ]
    assert capsys.readouterr().out == ""


def test_every_fault_of_both_files_is_named_and_nothing_written(
    tmp_path: Path, inputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    people, jobs = inputs
    pl.read_csv(people).drop("lon", "birth_date").write_csv(people)
    pl.read_parquet(jobs).with_columns(wage_min=pl.lit("很多")).write_parquet(jobs)
    assert run(people, jobs, tmp_path / "pairs.parquet") == 2
    said = capsys.readouterr().err
    for name in ("lon", "birth_date", "wage_min", "p.csv", "v.parquet"):
        assert name in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.csv", "v.parquet"]


@pytest.mark.parametrize(
    "rest", [["--top", "0"], ["--as-of", "gestern"], ["--for", "sex"], ["--threads", "x"]]
)
def test_wrong_options(tmp_path: Path, inputs: tuple[Path, Path], rest: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*inputs, tmp_path / "o.csv", *rest)
    assert stopped.value.code == 2


def test_weights_from_a_file_from_the_caller_and_by_default(
    tmp_path: Path, inputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    def top_score(*rest: str, **keywords: Any) -> int:
        assert run(*inputs, tmp_path / "o.parquet", *rest, **keywords) == 0
        return int(pl.read_parquet(tmp_path / "o.parquet")["score"].max())  # type: ignore[arg-type]

    default = top_score()
    assert top_score(weights=Weights().as_dict()) == default
    none = dict.fromkeys(Weights().as_dict(), 0)
    assert top_score(weights=none) == 0
    file = tmp_path / "w.yaml"
    body = "\n".join(f"  {name}: {value}" for name, value in (none | {"fresh_max": 5}).items())
    file.write_text("weights:\n" + body)
    assert top_score("--weights", str(file), weights=none) == 5

    for text in ("weights: {near: 1}", "- 1", "a: [", "weights: {fresh_max: -1}"):
        file.write_text(text)
        assert run(*inputs, tmp_path / "no.csv", "--weights", str(file)) == 2
        assert "w.yaml" in capsys.readouterr().err
    assert run(*inputs, tmp_path / "no.csv", "--weights", str(tmp_path / "none.yaml")) == 2
    assert not (tmp_path / "no.csv").exists()


def test_names_of_occupations(tmp_path: Path, inputs: tuple[Path, Path]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("code,name\n4-10-01-06,保育师\n", "utf-8")
    assert run(*inputs, tmp_path / "o.csv", "--names", str(names)) == 0
    assert "想做的工种：保育师" in (tmp_path / "o.csv").read_text("utf-8")


def test_a_target_that_cannot_be_written(tmp_path: Path, inputs: tuple[Path, Path]) -> None:
    assert run(*inputs, tmp_path / "none" / "o.csv") == 2
    assert run(*inputs, tmp_path / "o.json") == 2


@pytest.mark.parametrize(("key", "value"), [("near", 1), ("fresh_max", -1), ("fresh_max", 1.5)])
def test_weights_are_checked(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=key):
        Weights.from_mapping(Weights().as_dict() | {key: value})
    with pytest.raises(ValueError, match="missing remote"):
        Weights.from_mapping({k: v for k, v in Weights().as_dict().items() if k != "remote"})
    with pytest.raises(ValueError, match="occupation"):
        Weights(occupation_major=999_999)


def test_the_weights_of_the_pack_are_valid(tmp_path: Path, inputs: tuple[Path, Path]) -> None:
    pack = Path(__file__).parents[3] / "packs" / "shandong" / "matching.yaml"
    assert run(*inputs, tmp_path / "o.csv", "--weights", str(pack)) == 0
