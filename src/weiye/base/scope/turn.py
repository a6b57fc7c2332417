"""One at a time: who works on a whole unit waits for who works above, below or on it."""

from django.db import connection


def take_turn(work: str, path: str) -> None:
    """Hold the unit for this kind of work until the transaction ends.

    Waits for transactions that hold a unit above, below or equal; neighbours go on side by side.
    ``work`` keeps kinds apart that may run at the same time; ``path`` ``""`` is the whole tree.
    """
    parts = path.split("/")[:-1]
    # From the root down, so that two who overlap never wait for each other.
    above = ["/".join(parts[:depth]) for depth in range(len(parts))]
    with connection.cursor() as cursor:
        for key in above:
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 7))", [f"{work}:{key}"]
            )
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))",
            [f"{work}:{'/'.join(parts)}"],
        )
