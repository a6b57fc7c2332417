"""Stands over one server: starts it, and stops it when nobody holds the shared lock any more.

Run as a process of its own (``python -m weiye.launcher.postgres.keeper``), outside the launcher's
session, so that Ctrl-C or the death of one launcher never takes the database from another. It
reports one line on standard output, ``ready PORT`` or ``failed``, and is silent from then on.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from weiye.launcher.locks import Lock
from weiye.launcher.postgres.watch import look
from weiye.launcher.processes import end_with_parent, open_log

START_PATIENCE = 60.0  # recovery after a crash may take a while
STOP_PATIENCE = 60.0
PAUSE = 0.2
_asked_to_stop: list[bool] = []


def main(order: dict[str, Any]) -> int:
    """Start the server, report, keep it, stop it. ``order`` comes from ``cluster.Cluster``."""
    data = Path(order["data"])
    server = None
    # The port of last time first: whoever remembers the address finds the server again.
    for port in [order["port"], 0, 0, 0]:
        server = _start(order, port or _free_port())
        if _becomes_ready(server, data):
            break
        _end(server)
        server = None
    if server is None:
        print("failed", flush=True)
        return 1
    found = look(data)
    print(f"ready {found.port if found else 0}", flush=True)
    sys.stdout.close()
    with contextlib.suppress(OSError):
        os.close(1)
    users = Lock(Path(order["lock"]))
    while server.poll() is None:
        if _asked_to_stop or users.take():
            _end(server)
            break
        time.sleep(PAUSE)
    return 0  # the lock goes with the process, so that whoever waits for it finds nothing left


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(order: dict[str, Any], port: int) -> "subprocess.Popen[bytes]":
    log = open_log(Path(order["log"]))
    try:
        return subprocess.Popen(
            [order["program"], "-D", order["data"], "-p", str(port), *order["settings"]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"},
            start_new_session=True,
            # SIGINT is PostgreSQL's fast shutdown: no server outlives its keeper.
            preexec_fn=end_with_parent(signal.SIGINT),
            **order["user"],
        )
    finally:
        os.close(log)


def _becomes_ready(server: "subprocess.Popen[bytes]", data: Path) -> bool:
    until = time.monotonic() + START_PATIENCE
    while server.poll() is None and time.monotonic() < until:
        found = look(data)
        if found and found.pid == server.pid and found.ready:
            return True
        time.sleep(0.02)
    return False


def _end(server: "subprocess.Popen[bytes]") -> None:
    for sign, patience in ((signal.SIGINT, STOP_PATIENCE), (signal.SIGQUIT, 5.0)):
        if server.poll() is not None:
            return
        server.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience)


if __name__ == "__main__":
    # Handlers, not SIG_IGN, which the server would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGHUP, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: _asked_to_stop.append(True))
    sys.exit(main(json.loads(sys.argv[1])))
