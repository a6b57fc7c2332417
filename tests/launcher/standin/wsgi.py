"""A stand-in for the product's web server."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

assert "WEIYE_OWNER_URL" not in os.environ


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    with psycopg.connect(os.environ["WEIYE_APP_URL"]) as connection:
        connection.execute("SELECT 1")
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
