"""Progress seen from outside while the work's own transaction is still open."""

from types import TracebackType
from typing import Self

import psycopg
from django.db import connection

from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import settings_of


class Cancelled(Exception):
    """The person who waits asked to stop; the open transaction rolls back.

    The message, if there is one, says what had been done by then.
    """


class Progress:
    """Reports ``done`` of ``total`` for one run on a connection of its own.

    Raises `Cancelled` from `report` once cancelling was asked for.
    """

    def __init__(self, *, actor: Actor, run_id: int) -> None:
        self.actor, self.run_id = actor, run_id
        self.connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        parameters = connection.get_connection_params()
        self.connection = psycopg.connect(
            host=parameters.get("host"),
            port=parameters.get("port"),
            user=parameters.get("user"),
            password=parameters.get("password"),
            dbname=parameters["dbname"],
            sslmode=parameters.get("sslmode"),
            autocommit=True,
        )
        return self

    def report(self, done: int, total: int, message: str) -> None:
        if self.connection is None:
            raise RuntimeError("use Progress as a context manager")
        # A fence for each report: nothing set may outlive the transaction, or a pooler between
        # would hand it to somebody else.
        with self.connection.transaction():
            self.connection.execute(*settings_of(self.actor))
            row = self.connection.execute(
                "UPDATE runs_run SET done = %s, total = %s, message = %s WHERE id = %s "
                "RETURNING cancel_asked",
                [done, total, message[:500], self.run_id],
            ).fetchone()
        if row and row[0]:
            raise Cancelled

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.connection is not None:
            self.connection.close()


class Silent:
    """The same shape for work that nobody watches (commands, tests)."""

    def report(self, done: int, total: int, message: str) -> None:
        return None
