"""Searching under row-level security with an index.

PostgreSQL looks at hidden rows only with functions that it trusts to say nothing of them
(``proleakproof``): others run after the policy, on every row of the area, and their statistics are
not used either. So searched columns are built for comparisons that are leakproof as delivered
(equality, ranges, `Begins`), and what remains is listed here.

Never to be marked: ``LIKE`` (``textlike``) fails on a pattern that ends with an escape, but only
where a row's text matches up to there, so that a hidden row could be felt out letter by letter;
casts and arithmetic, which fail by value.
"""

from typing import Any

from django.db.models import CharField, Lookup, TextField

# Function → why it is safe: no error and no message depends on a row's value.
NEEDED = {
    "range_contains_elem(anyrange, anyelement)": (
        "whether a period holds a day: compares dates, never fails; with the next one it lets the "
        "planner know how many periods hold today: guessing, a city's count by status takes four "
        "times as long"
    ),
    "daterange_subdiff(date, date)": (
        "days between two dates, by which the planner reads the statistics of periods; never fails"
    ),
}


@CharField.register_lookup
@TextField.register_lookup
class Begins(Lookup):
    """``name__begins="王"``: by the operator ``^@``, which is leakproof and uses a "C" index."""

    lookup_name = "begins"
    prepare_rhs = True

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", (*left_values, *right_values)


def missing(cursor: Any) -> list[str]:
    """The functions of `NEEDED` that are not marked in this database."""
    cursor.execute(
        "SELECT f FROM unnest(%s::text[]) WITH ORDINALITY n (f, i) JOIN pg_proc p "
        "ON p.oid = ('pg_catalog.' || f)::regprocedure WHERE NOT p.proleakproof ORDER BY i",
        [list(NEEDED)],
    )
    return [name for (name,) in cursor.fetchall()]


def mark(cursor: Any) -> list[str]:
    """Mark what is missing if the login may, which takes a superuser; returns the statements that
    an administrator has to run for it."""
    wanted = [f"ALTER FUNCTION pg_catalog.{name} LEAKPROOF" for name in missing(cursor)]
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        return wanted
    for statement in wanted:
        cursor.execute(statement)
    return []
