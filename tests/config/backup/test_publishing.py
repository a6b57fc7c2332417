"""The file gets its name when it is whole, and never that of another."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from weiye.config.backup import actions


@pytest.fixture(params=["with links", "without links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: Any) -> None:
        raise PermissionError("no hard links here")

    if request.param == "without links":
        monkeypatch.setattr(os, "link", none)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("taken", [False, True])
def test_a_file_that_appears_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    goal = tmp_path / "weiye.backup"

    def write(connection: Any, file: Any, *rest: Any) -> actions.Done:
        file.write(b"whole")
        if taken:
            goal.write_bytes(b"somebody else's")
        return actions.Done(5, 0, 0, 1.0)

    monkeypatch.setattr(actions, "_write", write)
    monkeypatch.setattr(actions, "_owner", nullcontext)
    if taken:
        with pytest.raises(actions.Refused, match="never overwritten"):
            actions.back_up(goal, b"k" * 32, print)
        assert goal.read_bytes() == b"somebody else's"
    else:
        actions.back_up(goal, b"k" * 32, print)
        assert goal.read_bytes() == b"whole"
        assert goal.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [goal.name]
