"""The second fence's range, set for one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from .actor import Actor

_SET = "SELECT set_config('weiye.lo', %s, true), set_config('weiye.hi', %s, true)"
_READ = "SELECT current_setting('weiye.lo', true), current_setting('weiye.hi', true)"


@contextmanager
def fence(actor: Actor) -> Iterator[None]:
    """Open a transaction in which the database shows and takes the actor's rows alone.

    Nested use narrows or widens for the inner block and restores the outer range after it: a
    setting made inside a savepoint would otherwise outlive it.
    """
    lo, hi = actor.range
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_READ)
            outer = cursor.fetchone() or (None, None)
            cursor.execute(_SET, [lo, hi])
        yield
        if connection.needs_rollback:
            return  # rolling back restores the outer range by itself
        with connection.cursor() as cursor:
            cursor.execute(_SET, [outer[0] or "", outer[1] or ""])
