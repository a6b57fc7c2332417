"""State on disk: folders, secrets, stamps, locks, the record of a running server."""

import ast
import json
import multiprocessing
import os
import stat
import sys
from pathlib import Path

import pytest

from weiye.launcher import commands, keys, places, stamps, trouble
from weiye.launcher.locks import Lock
from weiye.launcher.postgres import watch
from weiye.launcher.trouble import Trouble

SOURCE = Path(places.__file__).parent


def test_the_launcher_needs_nothing_but_python() -> None:
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names
                ours = name.startswith("weiye.launcher")
                # The probe runs inside the environment, once it is there.
                assert known or ours or (file.name == "probe.py" and name == "psycopg"), name


# -- folders -------------------------------------------------------------------


def test_state_lies_in_the_repository_by_default(tmp_path: Path) -> None:
    found = places.discover({}, tmp_path)
    assert found.home == tmp_path / "var"
    assert found.environment == tmp_path / ".venv"
    assert stat.S_IMODE(found.home.stat().st_mode) & 0o066 == 0


def test_weiye_home_moves_the_state(tmp_path: Path) -> None:
    found = places.discover({"WEIYE_HOME": str(tmp_path / "a b" / "状态")}, tmp_path)
    assert found.home.is_dir()
    assert found.environment == tmp_path / ".venv"


def test_a_closed_repository_is_served_from_the_users_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.os, "access", lambda *_: False)
    first = places.discover({"HOME": str(tmp_path)}, tmp_path / "one")
    second = places.discover({"HOME": str(tmp_path)}, tmp_path / "two")
    assert first.home.parent == tmp_path / ".local/share/weiye"
    assert first.home != second.home
    assert first.environment.parent == first.node.parent == first.front.parent == first.home


def test_a_state_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Trouble, match="state folder"):
            places.discover({"WEIYE_HOME": str(wrong)}, tmp_path)


# -- secrets -------------------------------------------------------------------


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    first = keys.load(tmp_path)
    assert stat.S_IMODE((tmp_path / keys.FILE).stat().st_mode) == 0o600
    assert keys.load(tmp_path) == first
    assert len(bytes.fromhex(first.field_key)) == len(bytes.fromhex(first.index_key)) == 32
    assert first.field_key != first.index_key
    assert first.field_key not in repr(first)


def test_a_secret_of_a_newer_release_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / keys.FILE
    path.write_text(json.dumps({"field_key": "ab", "later": "kept"}))
    assert keys.load(tmp_path).field_key == "ab"
    known = json.loads(path.read_text())
    assert known["later"] == "kept"
    assert known["index_key"] == keys.load(tmp_path).index_key


@pytest.mark.parametrize("content", ["", "{", "[]", '{"field_key": 3}', "\x00"])
def test_damaged_secrets_are_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / keys.FILE).write_text(content)
    with pytest.raises(Trouble, match="backup"):
        keys.load(tmp_path)
    assert (tmp_path / keys.FILE).read_text() == content


@pytest.mark.parametrize("trace", ["pg/data", keys.ELSEWHERE])
def test_a_database_without_its_secrets_is_not_given_new_ones(tmp_path: Path, trace: str) -> None:
    (tmp_path / trace).mkdir(parents=True)
    with pytest.raises(Trouble, match=r"secrets\.json is gone"):
        keys.load(tmp_path)
    assert not (tmp_path / keys.FILE).exists()


# -- stamps --------------------------------------------------------------------


def test_a_whole_file_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    stamps.write_whole(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stamps.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        stamps.write_whole(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("content", ["", "{", "[]", "3"])
def test_an_unreadable_stamp_is_no_stamp(tmp_path: Path, content: str) -> None:
    (tmp_path / "stamp").write_text(content)
    assert stamps.read(tmp_path / "stamp") == {}
    assert stamps.read(tmp_path / "none") == {}


def test_a_tree_digest_sees_names_and_contents_but_no_bytecode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_text("1")
    before = stamps.tree_digest([tmp_path])
    (tmp_path / "a" / "__pycache__").mkdir()
    (tmp_path / "a" / "__pycache__" / "x.pyc").write_text("x")
    assert stamps.tree_digest([tmp_path]) == before
    (tmp_path / "a" / "one").write_text("2")
    changed = stamps.tree_digest([tmp_path])
    (tmp_path / "a" / "one").rename(tmp_path / "a" / "two")
    assert len({before, changed, stamps.tree_digest([tmp_path])}) == 3


# -- locks ---------------------------------------------------------------------


def _hold(path: Path, taken: "multiprocessing.synchronize.Event") -> None:
    assert Lock(path).take()
    taken.set()
    multiprocessing.Event().wait()


def test_a_lock_is_free_as_soon_as_its_holder_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", taken), daemon=True)
    holder.start()
    assert taken.wait(30)
    lock = Lock(tmp_path / "lock")
    assert not lock.take()
    assert lock.holder() == str(holder.pid)
    holder.kill()
    holder.join()
    assert lock.take(patience=10)
    lock.release()


def test_shared_holders_keep_an_exclusive_one_out(tmp_path: Path) -> None:
    one, two, alone = (Lock(tmp_path / "lock") for _ in range(3))
    assert one.take(shared=True) and two.take(shared=True)
    one.release()
    assert not alone.take()
    two.release()
    assert alone.take()
    assert not two.take(shared=True)
    alone.release()
    two.release()


# -- the record of a running server ----------------------------------------------


def _record(data: Path, pid: int) -> None:
    lines = [str(pid), str(data), "1", "5432", "", "127.0.0.1", "0 0", "ready   "]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")


def test_a_record_whose_number_now_belongs_to_another_program_is_stale(tmp_path: Path) -> None:
    _record(tmp_path, os.getpid())  # alive, and not a server over this folder
    assert watch.look(tmp_path) is None
    watch.clear_stale(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_the_server_is_known_by_its_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _record(tmp_path, os.getpid())
    monkeypatch.chdir(tmp_path)
    assert watch.look(tmp_path) == watch.Running(os.getpid(), 5432, ready=True)
    watch.clear_stale(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


@pytest.mark.parametrize("content", ["", "x\n", "12"])
def test_a_record_cut_short_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert watch.look(tmp_path) is None


# -- commands and sentences --------------------------------------------------------


def test_every_command_names_its_target_and_whether_it_needs_the_database() -> None:
    for name, entry in commands.table().items():
        module, _, function = entry["target"].partition(":")
        assert module.startswith("weiye.") and function, name
        assert isinstance(entry["database"], bool), name
        assert name not in ("run", "test", "help")


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    said = commands.unknown("polices", ["policies", "groups"])
    assert "Did you mean policies?" in str(said)
    assert said.status == 2
    assert "Did you mean" not in str(commands.unknown("xyzzy", ["policies", "groups"]))


def test_errors_of_the_system_are_said_in_words() -> None:
    assert "disk is full" in str(trouble.of_system(OSError(28, "No space", "/a")))
    assert "WEIYE_HOME" in str(trouble.of_system(OSError(30, "Read-only file system", "/a")))
