"""``./weiye`` started for real on a stand-in product, stopped, killed, and its commands."""

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.launcher.miniature import READY, Miniature, setups, the, until

pytestmark = pytest.mark.slow


# -- the plain way ---------------------------------------------------------------


def test_a_folder_with_spaces_and_a_link_to_the_command(fresh: Miniature, tmp_path: Path) -> None:
    first = fresh.run("run", "--check")
    assert first.status == 0, first.err
    assert list(first.report) == [
        "url", "seconds", "units", "people", "files", "list_entries", "database", "version",
    ]  # fmt: skip
    assert first.report["people"] == 1
    assert len(first.out.splitlines()) == 1
    link = tmp_path / "link"
    link.symlink_to(fresh.root / "weiye")
    again = subprocess.run(
        [link, "run", "--check"], env=fresh.environ, capture_output=True, text=True, cwd="/"
    )
    assert again.returncode == 0, again.stderr
    assert setups(fresh) == ["--demo"]
    fresh.quiet()


def test_the_address_is_printed_and_ctrl_c_leaves_nothing(fresh: Miniature) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM):
        started = fresh.start("run", "--port", "0")
        started.wait_for(READY)
        assert (fresh.home / "run.lock").read_text().startswith(str(started.process.pid))
        url = (fresh.home / "run.lock").read_text().split()[1]
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"ok"
        ended = started.end(sign)
        assert ended.status == 0, ended.err
        assert url in ended.out
        assert "one sign-in per role" in ended.out
        assert not fresh.processes()


def test_beyond_loopback_nothing_of_the_demonstration(fresh: Miniature) -> None:
    started = fresh.start("run", "--host", "0.0.0.0", "--port", "0")
    started.wait_for(READY)
    ended = started.end()
    assert ended.status == 0
    assert "sign-in" not in ended.out
    assert setups(fresh) == [""]


def test_two_starts_at_once(used: Miniature) -> None:
    first = used.start("run", "--port", "0")
    first.wait_for(READY)
    second = used.run("run", "--port", "0")
    assert second.status == 1
    assert "running already" in second.err and str(first.process.pid) in second.err
    assert first.end().status == 0


def test_two_first_starts_at_once(fresh: Miniature) -> None:
    both = [fresh.start("run", "--check"), fresh.start("run", "--check")]
    statuses = sorted(started.process.wait(120) for started in both)
    for started in both:
        started.process.communicate()
    assert statuses == [0, 1]


# -- killed at any moment ------------------------------------------------------------


def test_killed_at_every_step_of_the_first_start(fresh: Miniature) -> None:
    """Each time with -9, each time later; no process stays, and the last start is whole."""
    fresh.small_lock()
    del fresh.environ["WEIYE_VENV"]
    for moment in (
        "making the environment",
        "installing",
        "making the database",
        "making its roles",
        "bringing tables",
        READY,
    ):
        started = fresh.start("run", "--port", "0")
        started.wait_for(moment)
        started.end(signal.SIGKILL)
        fresh.quiet()
    ended = fresh.run("run", "--check")
    assert ended.status == 0, ended.err
    assert ended.report["people"] == 1
    fresh.quiet()
    assert not list((fresh.home / "pg").glob("data.new*"))


def test_the_postmaster_killed_and_its_number_given_to_another(used: Miniature) -> None:
    started = used.start("run", "--port", "0")
    started.wait_for(READY)
    os.kill(the(used, "bin/postgres -D"), signal.SIGKILL)
    started.end(signal.SIGKILL)
    used.quiet()
    record = used.home / "pg" / "data" / "postmaster.pid"
    lines = record.read_text().splitlines()
    record.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert used.run("run", "--check").status == 0


@pytest.mark.parametrize("program", ["weiye.config.webserver", "cli worker", "bin/postgres -D"])
def test_a_program_that_dies_is_started_again(used: Miniature, program: str) -> None:
    started = used.start("run", "--port", "0")
    started.wait_for(READY)
    url = (used.home / "run.lock").read_text().split()[1]
    before = the(used, program)
    os.kill(before, signal.SIGKILL)
    until(
        lambda: (
            any(n != before and program in line for n, line in used.processes().items())
            and before not in used.processes()
        ),
        30,
    )

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    until(answers, 30)
    assert started.end().status == 0
    assert not used.processes()


def test_a_web_server_that_cannot_start_ends_with_its_last_words(fresh: Miniature) -> None:
    (fresh.root / "src/weiye/config/wsgi.py").write_text("raise RuntimeError('no luck')\n")
    ended = fresh.run("run", "--port", "0")
    assert ended.status == 1
    assert "no luck" in ended.err
    assert "keeps stopping" in ended.err
    fresh.quiet()


# -- commands --------------------------------------------------------------------------


def test_a_command_passes_everything_through(used: Miniature, tmp_path: Path) -> None:
    done = subprocess.run(
        [used.root / "weiye", "echo", "a b", "--c"],
        env=used.environ,
        cwd=tmp_path,
        input="piped\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 7
    assert done.stderr == ""
    first, last = done.stdout.splitlines()
    assert first == "piped"
    assert json.loads(last) == {"argv": ["a b", "--c"], "cwd": str(tmp_path), "owner": False}


def test_a_command_starts_the_database_for_as_long_as_it_runs(used: Miniature) -> None:
    done = used.run("rows")
    assert done.status == 0, done.err
    assert done.err == ""
    used.quiet()


def test_a_killed_command_takes_its_database_along(used: Miniature) -> None:
    started = used.start("rows", "60")
    until(lambda: any("cli rows" in line for line in used.processes().values()), 30)
    started.end(signal.SIGKILL)
    used.quiet()


def test_a_command_on_a_new_machine_makes_the_tables_first(fresh: Miniature) -> None:
    done = fresh.run("rows")
    assert done.status == 0, done.err
    assert done.out.split()[0] == "0"
    assert setups(fresh) == [""]


def test_a_command_beside_a_running_system_uses_its_database(used: Miniature) -> None:
    started = used.start("run", "--port", "0")
    started.wait_for(READY)
    postmaster = the(used, "bin/postgres -D")
    outliving = used.start("rows", "4")
    assert used.run("rows").status == 0
    assert the(used, "bin/postgres -D") == postmaster
    assert started.end().status == 0  # the longer command keeps the database for itself
    outliving.process.communicate(timeout=30)
    assert outliving.process.returncode == 0, outliving.errors.read_text()
    used.quiet()
