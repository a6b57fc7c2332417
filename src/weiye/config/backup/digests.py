"""A checksum of every table, computed in the database: the same rows in any order give the same."""

from typing import Any

# What turns a row into text must not depend on the session.
STEADY = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; "
    "SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL statement_timeout = 0"
)
# Who was signed in is not carried into another life of the database.
NOT_KEPT = frozenset({"django_session", "accounts_session"})

_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def statement(table: str) -> str:
    """SELECT of (rows, sum over the first 64 bits of each row's MD5) for a table of ``public``.

    MD5 only tells rows apart; that nobody altered them is the file's encryption to say.
    """
    return (
        "SELECT count(*), coalesce(sum(('x' || left(md5(weiye_row::text), 16))::bit(64)::bigint"  # noqa: S608
        f"::numeric), 0)::text FROM public.{identifier(table)} AS weiye_row"
    )


def of_database(connection: Any) -> dict[str, list[Any]]:
    """Table → [rows, checksum], in the connection's transaction, for all tables that are kept.

    ``connection`` is the owner's: row-level security would hide rows from anybody else.
    """
    connection.execute(STEADY)
    found: dict[str, list[Any]] = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        if table not in NOT_KEPT:
            rows, checksum = connection.execute(statement(table)).fetchone()
            found[table] = [rows, checksum]
    return found


def comparison(tables: dict[str, list[Any]]) -> str:
    """SQL that raises an exception, and so ends the transaction, unless every table is the same."""
    lines = [STEADY + ";"]
    for table, (rows, checksum) in sorted(tables.items()):
        name = table.replace("'", "''")
        lines.append(
            "DO $weiye$ DECLARE n bigint; s text; BEGIN "
            + statement(table).replace(" FROM ", " INTO n, s FROM ", 1)
            + f"; IF n <> {int(rows)} OR s <> '{int(checksum)}' THEN "
            f"RAISE EXCEPTION 'weiye: table {name} is not what was backed up'; "
            "END IF; END $weiye$;"
        )
    return "\n".join(lines) + "\n"
