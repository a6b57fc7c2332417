"""``./weiye`` started for real, on a stand-in product: what it must survive."""

import json
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.bench import Miniature, miniature, until

pytestmark = pytest.mark.slow

READY = "Ready after"


@pytest.fixture
def fresh() -> Iterator[Miniature]:
    with miniature() as made:
        yield made


@pytest.fixture(scope="module")
def used() -> Iterator[Miniature]:
    """One that has been started before, for tests that leave it as it was."""
    with miniature() as made:
        assert made.run("run", "--check").status == 0
        made.quiet()
        yield made


def setups(made: Miniature) -> list[str]:
    return (made.home / "setups").read_text().splitlines()


def the(made: Miniature, words: str) -> int:
    """The number of the first process whose command line holds the words."""
    return min(number for number, line in made.processes().items() if words in line)


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


# -- bad input -------------------------------------------------------------------


def test_a_taken_port(used: Miniature) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = used.run("run", "--port", str(port))
    assert ended.status == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.err and "--port" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_no_network_for_packages(fresh: Miniature, tmp_path: Path) -> None:
    ended = fresh.run(
        "run",
        WEIYE_VENV=str(tmp_path / "venv"),
        PIP_CONFIG_FILE="/dev/null",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_RETRIES="1",
    )
    assert ended.status == 1
    last = ended.err.splitlines()[-1]
    assert last.startswith("weiye: The Python packages could not be fetched")
    assert "Traceback" not in ended.err
    assert (tmp_path / "venv" / "weiye-building").exists()  # the next start makes it anew


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """A real database: the addresses of its owner and of weiye_app."""
    with miniature() as made:
        started = made.start("run", "--port", "0")
        started.wait_for(READY)
        secrets = json.loads((made.home / "secrets.json").read_text())
        port = (made.home / "pg" / "port").read_text().strip()
        yield {
            role: f"postgresql://weiye_{role}:{secrets[f'{role}_password']}@127.0.0.1:{port}/weiye"
            for role in ("owner", "app")
        }
        started.end()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("postgresql:", "mysql:", "is not an address of the form"),
        ("weiye_owner:", "weiye_owner:wrong", "refuses the user weiye_owner"),
        ("weiye_owner:", "nobody_here:", "refuses the user nobody_here"),
        ("@127.0.0.1", "@no-such-host.invalid", "no machine of that name"),
        ("/weiye?", "/elsewhere?", "has no database named elsewhere"),
    ],
)
def test_a_wrong_database_url(
    fresh: Miniature, server: dict[str, str], old: str, new: str, words: str
) -> None:
    wrong = f"{server['owner']}?connect_timeout=5".replace(old, new)
    ended = fresh.run("run", "--port", "0", DATABASE_URL=wrong)
    assert ended.status == 1
    assert words in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


def test_nothing_listens_at_the_database_url(fresh: Miniature) -> None:
    ended = fresh.run("run", "--port", "0", DATABASE_URL="postgresql://a:b@127.0.0.1:9/weiye")
    assert ended.status == 1
    assert "nothing listens there" in ended.err.splitlines()[-1]


def test_an_old_postgresql(fresh: Miniature) -> None:
    """A server that greets as version 14 and would accept us."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    greeting = (
        message(b"R", struct.pack("!I", 0))
        + message(b"S", b"server_version\x0014.9\0")
        + message(b"S", b"client_encoding\0UTF8\0")
        + message(b"S", b"standard_conforming_strings\0on\0")
        + message(b"K", struct.pack("!II", 1, 1))
        + message(b"Z", b"I")
    )

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                while True:
                    size = connection.recv(4)
                    if len(size) < 4:
                        break
                    body = connection.recv(struct.unpack("!I", size)[0] - 4)
                    if body[:4] == struct.pack("!I", 196608):  # protocol 3.0
                        connection.sendall(greeting)
                        connection.recv(1000)
                        break
                    connection.sendall(b"N")  # neither TLS nor GSS

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        ended = fresh.run("run", "--port", "0", DATABASE_URL=f"postgresql://a:b@127.0.0.1:{port}/c")
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert ended.status == 1
    assert "PostgreSQL 14.9; 15 or newer is needed" in ended.err.splitlines()[-1]


def test_a_database_of_ones_own(fresh: Miniature, server: dict[str, str]) -> None:
    """No demonstration unasked, no embedded server, and it is left as it was found."""
    told = {"DATABASE_URL": server["owner"], "WEIYE_APP_URL": server["app"]}
    started = fresh.start("run", "--port", "0", **told)
    started.wait_for(READY)
    ended = started.end()
    assert ended.status == 0, ended.err
    assert "sign-in" not in ended.out
    assert setups(fresh) == [""]
    assert not (fresh.home / "pg").exists()
    assert fresh.run("rows", **told).status == 0


def test_a_state_folder_that_is_full(fresh: Miniature) -> None:
    home = fresh.root.parent / "small"
    home.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=60m", "none", home], capture_output=True
    ).returncode:
        pytest.skip("a small disk can be made by root alone")
    try:
        ended = fresh.run("run", "--port", "0", WEIYE_HOME=str(home))
        assert ended.status == 1
        assert "The disk is full" in ended.err.splitlines()[-1]
    finally:
        subprocess.run(["umount", home], check=True)


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


@pytest.mark.parametrize("program", ["weiye.config.wsgi", "cli worker", "bin/postgres -D"])
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


# -- users -----------------------------------------------------------------------------


def test_an_ordinary_user(fresh: Miniature) -> None:
    """As root we become somebody else; otherwise every test here is one of an ordinary user."""
    if os.geteuid() == 0:
        somebody = pwd.getpwnam("nobody")
        fresh.user = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
        usable = (
            python
            and not subprocess.run(
                [python, "-c", "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"],
                capture_output=True,
                **fresh.user,
            ).returncode
        )
        if not usable:
            pytest.skip("this machine has no Python with venv that other users may run")
        fresh.small_lock()
        home = fresh.root.parent / "home"
        home.mkdir()
        subprocess.run(["chown", "-R", f"{somebody.pw_uid}:{somebody.pw_gid}", fresh.root, home])
        del fresh.environ["WEIYE_VENV"]
        fresh.environ |= {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    ended = fresh.run("run", "--check")
    assert ended.status == 0, ended.err
    assert fresh.home.stat().st_mode & 0o077 in (0, 0o011)
    assert (fresh.home / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_folder_that_only_root_may_enter(fresh: Miniature) -> None:
    """The database moves to where its system user may go; no folder is opened for it."""
    if os.geteuid() != 0:
        pytest.skip("only root starts the database as another user")
    fresh.root.parent.chmod(0o700)
    ended = fresh.run("run", "--check")
    assert ended.status == 0, ended.err
    assert fresh.root.parent.stat().st_mode & 0o777 == 0o700
    place = Path((fresh.home / "pg.location").read_text().strip())
    assert (place / "data" / "PG_VERSION").exists()
    assert not (fresh.home / "pg").exists()
    assert fresh.run("run", "--check").status == 0
    assert setups(fresh) == ["--demo"]
    shutil.rmtree(place.parent)
