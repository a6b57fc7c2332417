"""What can be wrong with machine, user or database: one sentence, or it works all the same."""

import os
import pwd
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest

from tests.launcher.miniature import READY, Miniature, setups

pytestmark = pytest.mark.slow


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
