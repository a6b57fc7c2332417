"""The table of requirements and the marks agree."""

import ast
from pathlib import Path

import pytest

from weiye.config import requirements


def test_every_mark_names_a_row() -> None:
    known = {row for row, _ in requirements.rows(requirements.ROOT / "docs" / "requirements.md")}
    assert len(known) == 79
    assert set(requirements.proofs(requirements.ROOT / "tests")) <= known


def test_marks_are_read_from_the_source() -> None:
    tree = ast.parse('@pytest.mark.requirement("AID-1")\ndef test_x():\n    pass\n')
    assert list(requirements.marks(tree)) == ["AID-1"]


def test_a_row_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    table = tmp_path / "t.md"
    table.write_text("| AID-1 | A1 | x |\n| AID-1 | A1 | y |\n")
    with pytest.raises(ValueError, match="AID-1 stand twice"):
        requirements.rows(table)


def test_the_total_stands_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert requirements.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("of 79 rows covered")
