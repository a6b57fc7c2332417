"""The two programs of the product: the web server and the background worker."""

import argparse
import os
import socket
from collections.abc import Callable, Mapping

from weiye.launcher.installation import Installation
from weiye.launcher.supervise import Program

WORKERS, THREADS = 2, 4

Environ = Callable[[], Mapping[str, str]]


def add_sizes(parser: argparse.ArgumentParser) -> None:
    """How many requests the web server works on at a time."""
    parser.add_argument(
        "--workers", type=size, default=WORKERS, help="web processes (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", type=size, default=THREADS, help="threads of each (default: %(default)s)"
    )


def size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 64")
    return int(text)


def port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port number (0 to 65535)")
    return int(text)


def web(
    installation: Installation,
    opened: socket.socket,
    environ: Environ,
    *,
    workers: int,
    threads: int,
) -> Program:
    """gunicorn on a socket that is open already; what does not differ is in weiye.config.webserver.

    As many connections to the database as there are threads.
    """
    places = installation.places
    command = [
        os.fspath(places.python), "-m", "gunicorn", "-c", "python:weiye.config.webserver",
        "--bind", f"fd://{opened.fileno()}", "--workers", str(workers), "--threads", str(threads),
        "--no-control-socket",
    ]  # fmt: skip
    return Program(
        "web server", command, environ, places.log("web"), places.root,
        pass_fds=(opened.fileno(),),
    )  # fmt: skip


def worker(installation: Installation, environ: Environ) -> Program:
    places = installation.places
    return Program(
        "worker", installation.command("worker"), environ, places.log("worker"), places.root
    )
