"""Web and worker on machines of their own, and logs that stay small."""

import json
import os
import urllib.request
from pathlib import Path

import pytest

from tests.launcher.miniature import READY, Miniature
from weiye.launcher import part, processes
from weiye.launcher.trouble import Trouble


@pytest.mark.slow
def test_web_and_worker_of_their_own_share_a_database(
    fresh: Miniature, server: dict[str, str], tmp_path: Path
) -> None:
    """With the fenced login alone; tables are not touched; Ctrl-C leaves nothing."""
    (fresh.home).mkdir()
    (fresh.home / "secrets.json").write_text(json.dumps({}))
    told = {"WEIYE_APP_URL": server["app"]}
    web = fresh.start("web", "--port", "0", "--workers", "1", **told)
    worker = fresh.start("worker", **told)
    web.wait_for(READY)
    worker.wait_for("The worker runs")
    url = (fresh.home / "web.lock").read_text().split()[1]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"ok"
    again = fresh.run("web", "--port", "0", **told)
    assert again.status == 1 and "runs already" in again.err
    assert not (fresh.home / "setups").exists() and not (fresh.home / "pg").exists()
    assert web.end().status == 0 and worker.end().status == 0
    fresh.quiet()


@pytest.mark.parametrize("kind", ["web", "worker"])
def test_a_part_invents_neither_a_database_nor_keys(kind: str, tmp_path: Path) -> None:
    home = {"WEIYE_HOME": str(tmp_path / "home")}
    with pytest.raises(Trouble, match="WEIYE_APP_URL"):
        part.check_given(home)
    home["WEIYE_APP_URL"] = "postgresql://weiye_app@db/weiye"
    with pytest.raises(Trouble, match="has no keys"):
        part.check_given(home)
    given = {"WEIYE_SECRET_KEY": "x", "WEIYE_FIELD_KEYS": "y"}
    with pytest.raises(Trouble, match="set WEIYE_INDEX_KEYS"):
        part.check_given(home | given)
    part.check_given(home | given | {"WEIYE_INDEX_KEY": "z"})
    (tmp_path / "home" / "secrets.json").write_text("{}")
    part.check_given(home)
    assert part.parser(kind).prog.endswith(kind)


def test_a_log_that_grows_makes_room_while_a_program_writes(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    descriptor = processes.open_log(log)
    try:
        for number in range(8):
            os.write(descriptor, f"{number}".encode() * 100)
            assert processes.make_room(log, limit=50)
            assert not processes.make_room(log, limit=50)
        os.write(descriptor, b"last")
    finally:
        os.close(descriptor)
    assert log.read_bytes() == b"last"
    kept = sorted(tmp_path.glob("web.log.*"))
    assert [path.name[-1] for path in kept] == ["1", "2", "3", "4", "5"]
    assert [path.read_bytes()[:1] for path in kept] == [b"7", b"6", b"5", b"4", b"3"]
    assert all(path.stat().st_mode & 0o77 == 0 for path in kept)
