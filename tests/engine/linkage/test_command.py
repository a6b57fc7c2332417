"""`./weiye link` on files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.engine.linkage.make import frame, person
from weiye.engine.linkage import Model, dedupe
from weiye.engine.linkage.command import main

pytestmark = pytest.mark.requirement("PPL-3")

PEOPLE = [person(at) | {"id": str(at)} for at in range(1, 60)]
ROSTER = [
    person(at) | {"id": str(at + 500), "id_number": None, "unit": None} for at in range(5, 20)
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    left, right = tmp_path / "a.csv", tmp_path / "b.csv"
    frame(*ROSTER).write_csv(left)
    frame(*PEOPLE).write_csv(right)
    return left, right, tmp_path / "links.csv"


def test_two_files(files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    left, right, out = files
    assert main(["--left", str(left), "--right", str(right), "--out", str(out)]) == 0
    pairs = pl.read_csv(out)
    assert pairs.columns == ["left_id", "right_id", "probability", "decision", "evidence"]
    links = pairs.filter(pl.col("decision") == "link")
    assert links.height == len(ROSTER)
    assert (links["left_id"] - 500 == links["right_id"]).all()
    assert not Path(f"{out}.rejects.csv").exists()
    assert "15 对为同一人" in capsys.readouterr().err
    again = out.with_name("again.csv")
    main(["--left", str(left), "--right", str(right), "--out", str(again), "--threads", "2"])
    assert again.read_bytes() == out.read_bytes()


def test_one_file_in_gbk_with_bad_rows(tmp_path: Path) -> None:
    rows = [*PEOPLE, PEOPLE[3] | {"id": "200", "phone": None}, {"id": "7"}, {"name": "无号"}]
    text = frame(*rows[:-1]).write_csv() + ",无号,,,,,,\n"
    source, out = tmp_path / "a.csv", tmp_path / "links.csv"
    source.write_bytes(text.encode("gb18030"))
    assert main(["--dedupe", str(source), "--out", str(out)]) == 0
    pairs = pl.read_csv(out).filter(pl.col("decision") == "link")
    assert pairs.select("left_id", "right_id").rows() == [(4, 200)]
    rejects = pl.read_csv(f"{out}.rejects.csv")
    assert rejects["reason"].to_list() == ["id 与第8行重复", "id 不能为空"]


def test_weights_are_kept_and_used(files: tuple[Path, Path, Path]) -> None:
    _, right, out = files
    kept = out.with_name("weights.json")
    arguments = ["--dedupe", str(right), "--out", str(out)]
    assert main([*arguments, "--save-weights", str(kept)]) == 0
    model = Model.from_json(kept.read_text(encoding="utf-8"))
    assert main([*arguments, "--weights", str(kept), "--threshold", "0.9"]) == 0
    expected = dedupe(frame(*PEOPLE), model=model)
    assert pl.read_csv(out).height == expected.height


def test_decided_pairs_are_left_out(files: tuple[Path, Path, Path]) -> None:
    left, right, out = files
    decided = out.with_name("decided.csv")
    decided.write_text("left_id,right_id,same\n505,5,true\n506,6,false\n", encoding="utf-8")
    arguments = ["--left", str(left), "--right", str(right), "--out", str(out)]
    assert main([*arguments, "--decided", str(decided)]) == 0
    found = pl.read_csv(out).select("left_id", "right_id").rows()
    assert (505, 5) not in found and (506, 6) not in found and (507, 7) in found


def test_what_cannot_be_used_is_said_and_nothing_written(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    left, right, out = files
    broken = out.with_name("broken.csv")
    broken.write_text("name\n张薇\n", encoding="utf-8")
    assert main(["--left", str(broken), "--right", "nowhere.csv", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "缺少列 id" in said and "nowhere.csv" in said
    broken.write_text("{}", encoding="utf-8")
    assert main(["--dedupe", str(left), "--out", str(out), "--weights", str(broken)]) == 2
    assert not out.exists()
    for wrong in (
        ["--left", str(left)],
        ["--left", str(left), "--right", str(right), "--dedupe", str(left)],
        [],
        ["--dedupe", str(left), "--threshold", "0"],
        ["--dedupe", str(left), "--threads", "0"],
    ):
        with pytest.raises(SystemExit) as stop:
            main([*wrong, "--out", str(out)])
        assert stop.value.code == 2
