"""Derive row-level security and grants from what the tables declare.

Runs on the owner's connection after every migration; idempotent.
"""

from typing import Any

from django.apps import apps
from django.db import connections

from .models import Scoped

APP_LOGIN = "weiye_app"

# Unset reads NULL and, after a transaction, '': both give no rows in this form, and it costs
# nothing (LIKE or a sub-select cost 600 to 1 000 times as much).
IN_RANGE = (
    "unit_path >= current_setting('weiye.lo', true) "
    "AND unit_path < current_setting('weiye.hi', true)"
)


def scoped_models() -> list[type[Scoped]]:
    return sorted(
        (m for m in apps.get_models() if issubclass(m, Scoped)), key=lambda m: m._meta.db_table
    )


def statements(model: type[Scoped]) -> list[str]:
    """The SQL that fences one table."""
    table = f'"{model._meta.db_table}"'
    read = IN_RANGE if model.fence_read == "range" else "true"
    sql = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]
    sql += [
        f"DROP POLICY IF EXISTS weiye_{verb} ON {table}"
        for verb in ("select", "insert", "update", "delete")
    ]
    sql.append(f"CREATE POLICY weiye_select ON {table} FOR SELECT USING ({read})")
    if model.fence_write == "append":
        sql.append(f"CREATE POLICY weiye_insert ON {table} FOR INSERT WITH CHECK (true)")
        sql.append(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {APP_LOGIN}")
    else:
        sql.append(f"CREATE POLICY weiye_insert ON {table} FOR INSERT WITH CHECK ({IN_RANGE})")
        sql.append(
            f"CREATE POLICY weiye_update ON {table} FOR UPDATE "
            f"USING ({IN_RANGE}) WITH CHECK ({IN_RANGE})"
        )
        sql.append(f"CREATE POLICY weiye_delete ON {table} FOR DELETE USING ({IN_RANGE})")
    return sql


def statistics_function(tables: list[str]) -> str:
    """SQL of ``weiye_analyze()``: the application may not ANALYZE tables that it does not own.

    Right after a large import nothing is known about the rows, and plans took seconds until the
    database got round to looking.
    """
    analyze = "".join(f'ANALYZE "{table}"; ' for table in tables)
    return (
        "CREATE OR REPLACE FUNCTION weiye_analyze() RETURNS void LANGUAGE plpgsql "
        f"SECURITY DEFINER SET search_path = pg_catalog, public AS $$ BEGIN {analyze}END $$"
    )


def apply(using: str = "owner") -> None:
    """Grant the application's login what it needs and fence every scoped table."""
    with connections[using].cursor() as cursor:
        existing = set(connections[using].introspection.table_names(cursor))
        cursor.execute(
            statistics_function(
                [m._meta.db_table for m in scoped_models() if m._meta.db_table in existing]
            )
        )
        cursor.execute("REVOKE ALL ON FUNCTION weiye_analyze() FROM PUBLIC")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_LOGIN}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_LOGIN}"
        )
        # UPDATE: bulk loads reserve a run of ids with setval.
        cursor.execute(
            f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {APP_LOGIN}"
        )
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {APP_LOGIN}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_LOGIN}")
        for model in scoped_models():
            if model._meta.db_table not in existing:
                continue  # migrating some apps only
            for sql in statements(model):
                cursor.execute(sql)


def after_migrate(*, using: str, **kwargs: Any) -> None:
    if using == "owner":
        apply(using)
