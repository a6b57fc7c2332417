"""Derive row-level security and grants from what the tables declare.

Runs on the owner's connection after every migration; idempotent.
"""

from typing import Any

from django.apps import apps
from django.db import DatabaseError, connections, models, transaction

from . import leakproof
from .fence import SUBJECT_ROLE
from .models import Scoped

APP_LOGIN = "weiye_app"

# Unset reads NULL and, after a transaction, '': both give no rows in this form, and it costs
# nothing (LIKE or a sub-select cost 600 to 1 000 times as much).
IN_RANGE = (
    "unit_path >= current_setting('weiye.lo', true) "
    "AND unit_path < current_setting('weiye.hi', true)"
)
# The system at work on the whole tree: the nightly jobs.
WHOLE = "(current_setting('weiye.lo', true) = '0' AND current_setting('weiye.hi', true) = ':')"


def scoped_models() -> list[type[Scoped]]:
    return sorted(
        (m for m in apps.get_models() if issubclass(m, Scoped)), key=lambda m: m._meta.db_table
    )


def statements(model: type[Scoped]) -> list[str]:
    """The SQL that fences one table."""
    table = f'"{model._meta.db_table}"'
    read = IN_RANGE if model.fence_read == "range" else "true"
    write = IN_RANGE
    if model.fence_account:
        own = f"{model.fence_account} = {_setting('account', 'bigint')}"
        read = f"({read}) OR {own}"
        write = f"({write}) OR {own}" if model.fence_account_writes else write
    if extra := getattr(model, "fence_extra", ""):
        read = f"{read} OR {extra}"
    rights = model.fence_rights
    if rights is not None:
        if model.fence_read != "range" or model.fence_write != "range" or model.fence_subjects:
            raise ValueError(f"{model.__name__}: rows behind a right are read by area alone")
        read, write = f"{holds(rights[0])} AND ({read})", f"{holds(rights[1])} AND ({write})"
    everybody = f"{APP_LOGIN}, {SUBJECT_ROLE}"
    readers = APP_LOGIN if model.fence_read == "range" else everybody
    sql = [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]
    # Whatever else hangs on the table would be OR-ed to these.
    sql.append(
        "DO $$ DECLARE old record; BEGIN FOR old IN "  # noqa: S608 (names of our own models)
        f"SELECT polname FROM pg_policy WHERE polrelid = '{table}'::regclass "
        f"LOOP EXECUTE format('DROP POLICY %I ON {table}', old.polname); END LOOP; END $$"
    )
    sql.append(f"CREATE POLICY weiye_select ON {table} FOR SELECT TO {readers} USING ({read})")
    for kind, lookup in model.fence_subjects.items():
        # A role of its own: OR-ed to the range, it would keep the range's index from being used.
        sql.append(
            f"CREATE POLICY weiye_own_{kind} ON {table} FOR SELECT TO {SUBJECT_ROLE} "
            f"USING ({_owned(model, lookup, kind)})"
        )
    if model.fence_read == "own":
        sql[-1:] = _own_alone(table, model.fence_account, everybody)
    elif model.fence_write == "append":
        writers = ", ".join(appenders(model))
        sql.append(
            f"CREATE POLICY weiye_insert ON {table} FOR INSERT TO {writers} WITH CHECK (true)"
        )
    else:
        sql.append(
            f"CREATE POLICY weiye_insert ON {table} FOR INSERT TO {APP_LOGIN} "
            f"WITH CHECK ({write if rights is not None else IN_RANGE})"
        )
        sql.append(
            f"CREATE POLICY weiye_update ON {table} FOR UPDATE TO {APP_LOGIN} "
            f"USING ({write}) WITH CHECK ({write})"
        )
        sql.append(
            f"CREATE POLICY weiye_delete ON {table} FOR DELETE TO {APP_LOGIN} "
            f"USING ({write if rights is not None else IN_RANGE})"
        )
    return sql


def holds(right: str) -> str:
    """SQL that tells whether the fence was set for somebody who holds the right."""
    # Unset reads NULL, which is not true.
    return f"strpos(current_setting('weiye.rights', true), ' {right} ') > 0"


def appenders(model: type[Scoped]) -> list[str]:
    """The roles that add rows to an append-only table: subjects where some rows are theirs."""
    return [APP_LOGIN, *([SUBJECT_ROLE] if model.fence_subjects else [])]


def _own_alone(table: str, column: str, everybody: str) -> list[str]:
    """Policies of rows that are one account's business; the nightly jobs clear them away."""
    own = f"{column} = {_setting('account', 'bigint')}"
    return [
        f"CREATE POLICY weiye_{verb.lower()} ON {table} FOR {verb} TO {everybody} {rule}"
        for verb, rule in (
            ("SELECT", f"USING ({own} OR {WHOLE})"),
            ("INSERT", f"WITH CHECK ({own})"),
            ("UPDATE", f"USING ({own}) WITH CHECK ({own})"),
            ("DELETE", f"USING ({own} OR {WHOLE})"),
        )
    ]


def _owned(model: type[models.Model], lookup: str, kind: str) -> str:
    """SQL that tells a subject's own rows, by a column or through the row that one points to.

    What it points to is fenced likewise, and the sub-select is worked out once a statement.
    """
    first, _, rest = lookup.partition("__")
    field = model._meta.get_field(first.removesuffix("_id") if rest else first)
    if not rest:
        return f'"{field.column}" = {_setting(kind, "bigint")}'  # type: ignore[union-attr]
    target = field.related_model
    if not (isinstance(target, type) and issubclass(target, models.Model)):
        raise ValueError(f"{model.__name__}.fence_subjects: {first} points to no table")
    return (
        f'"{field.column}" IN (SELECT t."{target._meta.pk.column}" '  # type: ignore[union-attr] # noqa: S608
        f'FROM "{target._meta.db_table}" t WHERE {_owned(target, rest, kind)})'
    )


def _setting(name: str, cast: str) -> str:
    # Unset (NULL) and empty ('') both match no row.
    return f"nullif(current_setting('weiye.{name}', true), '')::{cast}"


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


class MissingRole(Exception):
    """A role that the fence needs is missing and may not be made; one sentence for the operator."""


def ensure_subject_role(cursor: Any) -> None:
    """Make the role under which residents and institutions see their own rows."""
    cursor.execute(
        "SELECT current_setting('server_version_num')::int, "
        "EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)",
        [SUBJECT_ROLE],
    )
    version, exists = cursor.fetchone()
    member = False
    if exists:
        cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [APP_LOGIN, SUBJECT_ROLE])
        member = cursor.fetchone()[0]
    wanted = [] if exists else [f"CREATE ROLE {SUBJECT_ROLE} NOLOGIN"]
    if not member:
        # Not inherited: the role's policies are to hold only while it is set.
        if version >= 160000:
            wanted.append(f"GRANT {SUBJECT_ROLE} TO {APP_LOGIN} WITH INHERIT FALSE, SET TRUE")
        else:
            wanted.append(f"ALTER ROLE {APP_LOGIN} NOINHERIT")
            wanted.append(f"GRANT {SUBJECT_ROLE} TO {APP_LOGIN}")
    try:
        for statement in wanted:
            cursor.execute(statement)
    except DatabaseError as error:
        raise MissingRole(
            f"the database user of DATABASE_URL may not make the role {SUBJECT_ROLE}; let an "
            f"administrator run: {'; '.join(wanted)} ({str(error).strip().splitlines()[0]})"
        ) from error


# Open tables that residents and institutions change from their pages: signing out, a new password.
SUBJECTS_WRITE = ("django_session", "accounts_session", "accounts_attempts")


def grants(existing: set[str]) -> list[str]:
    """What the two roles may do at all; the policies say with which rows."""
    both = f"{APP_LOGIN}, {SUBJECT_ROLE}"
    fenced = [m for m in scoped_models() if m._meta.db_table in existing]
    append = [m for m in fenced if m.fence_write == "append"]
    written = [m._meta.db_table for m in fenced] + [t for t in SUBJECTS_WRITE if t in existing]
    sql = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {both}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {SUBJECT_ROLE}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {SUBJECT_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_LOGIN}",
        # No UPDATE: who may set a sequence may bring every writer of its table to a stop.
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {both}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {both}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {APP_LOGIN}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {APP_LOGIN}",
    ]
    if written:
        tables = ", ".join(f'"{name}"' for name in written)
        sql.append(f"GRANT INSERT, UPDATE, DELETE ON {tables} TO {SUBJECT_ROLE}")
    for model in append:
        table = f'"{model._meta.db_table}"'
        sql.append(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {both}")
        sql.append(_insert_but_numbers(table, ", ".join(appenders(model))))
    return sql


def _insert_but_numbers(table: str, roles: str) -> str:
    """Grant INSERT without identity columns: the database alone numbers a log's rows.

    The columns are asked of the database, which may stand at an older migration.
    """
    return (
        "DO $$ BEGIN EXECUTE (SELECT "  # noqa: S608 (names of our own models)
        f"format('GRANT INSERT (%s) ON {table} TO {roles}', "
        "string_agg(quote_ident(attname), ', ')) FROM pg_attribute "
        f"WHERE attrelid = '{table}'::regclass "
        "AND attnum > 0 AND NOT attisdropped AND attidentity = ''); END $$"
    )


def apply(using: str = "owner") -> None:
    """Grant the application's login what it needs and fence every scoped table."""
    with connections[using].cursor() as cursor:
        ensure_subject_role(cursor)
        existing = set(connections[using].introspection.table_names(cursor))
        models = [m for m in scoped_models() if m._meta.db_table in existing]
        # Each part at once or not at all: programs may be running, and nobody is to see a log that
        # can be changed or a table without its policies.
        with transaction.atomic(using):
            cursor.execute(statistics_function([m._meta.db_table for m in models]))
            cursor.execute("REVOKE ALL ON FUNCTION weiye_analyze() FROM PUBLIC")
            for sql in grants(existing):
                cursor.execute(sql)
        for model in models:  # migrating some apps only: not all tables may be there
            with transaction.atomic(using):
                for sql in statements(model):
                    cursor.execute(sql)
        leakproof.mark(cursor)


def after_migrate(*, using: str, **kwargs: Any) -> None:
    if using == "owner":
        apply(using)
