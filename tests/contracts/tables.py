"""What lies open in the database, and why. Every table, view and function that the application's
login reaches is fenced or named here."""

import re
from typing import Any

from django.db import connections, transaction

from weiye.base.scope.models import Scoped
from weiye.base.scope.policies import scoped_models, statements

# Table (or, ending with *, the beginning of its name) → why no row of it needs a fence. A table
# about people or their work belongs to a unit and is `Scoped`; think twice before adding a line.
OPEN_TABLES = {
    "django_migrations": "names of migrations; the application may read it only",
    "django_content_type": "names of models",
    "django_session": "read before there is an actor; found by a random key, says who is signed in",
    "accounts_session": "read before there is an actor; its key is a digest of the browser's",
    "accounts_attempts": "written before there is an actor; its key is a keyed digest of a name",
    "privacy_knownkey": "ids of encryption keys, which tell nothing of them",
    "auth_permission": "the framework's, unused: rights are data in roles.yaml",
    "auth_group": "the framework's, unused",
    "auth_group_permissions": "the framework's, unused",
    "procrastinate_*": "the queue: names of tasks, ids of runs and paths of units, nothing else",
    "regions_*": "the public area tree of the statistics bureau and its history",
}
# Functions that run as the owner, past the fence.
OPEN_FUNCTIONS = {
    "weiye_ids_held_elsewhere": "answers for given blind indexes with these alone",
    "weiye_file_worker_name": "a trigger: puts the responsible account's name into a file",
    "weiye_worker_renamed": "a trigger: keeps that name",
    "weiye_analyze": "refreshes statistics, returns nothing",
}


def rows(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def open_tables() -> set[str]:
    """Tables in no way fenced and not named above."""
    fenced = {model._meta.db_table for model in scoped_models()}
    exact = {name for name in OPEN_TABLES if not name.endswith("*")}
    begins = tuple(name[:-1] for name in OPEN_TABLES if name.endswith("*"))
    found = rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'm') "
        "AND relnamespace = 'public'::regnamespace"
    )
    return {name for (name,) in found if name not in fenced | exact and not name.startswith(begins)}


def stale_names() -> set[str]:
    """Names above that no table bears any more."""
    found = {name for (name,) in rows("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")}
    return {
        name
        for name in OPEN_TABLES
        if not any(t == name or (name[-1] == "*" and t.startswith(name[:-1])) for t in found)
    }


def views_past_the_fence() -> list[tuple[Any, ...]]:
    """A view reads as its owner unless it says otherwise; a materialised one always does."""
    return rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND ("
        "relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions @> '{security_invoker=true}'"
        " OR reloptions @> '{security_invoker=on}' OR reloptions @> '{security_invoker=1}', false))"
    )


def functions_past_the_fence() -> set[str]:
    found = rows(
        "SELECT p.proname FROM pg_proc p WHERE p.prosecdef "
        "AND p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')"
        " AND has_function_privilege('weiye_app', p.oid, 'EXECUTE')"
    )
    return {name for (name,) in found}


_POLICIES = """
    SELECT p.polname, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
           pg_get_expr(p.polwithcheck, p.polrelid),
           (SELECT array_agg(r.rolname::text ORDER BY 1) FROM pg_roles r
            WHERE r.oid = ANY (p.polroles))
    FROM pg_policy p WHERE p.polrelid = %s::regclass ORDER BY 1
"""
_STATE = """
    SELECT relrowsecurity,
           array(SELECT privilege_type || ' ' || grantee FROM information_schema.role_table_grants
                 WHERE table_schema = 'public' AND table_name = c.relname
                   AND grantee LIKE 'weiye%%' AND grantee <> 'weiye_owner' ORDER BY 1)
    FROM pg_class c WHERE oid = %s::regclass
"""


def _as_it_is(model: type[Scoped]) -> tuple[Any, ...]:
    table = f'"{model._meta.db_table}"'
    return rows(_STATE, [table])[0][0], rows(_POLICIES, [table])


def differences() -> list[str]:
    """Tables whose policies differ from what their models declare, in plain words."""
    found = []
    units = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE a.attname = 'unit_path' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped "
        "AND c.relnamespace = 'public'::regnamespace"
    )
    names = {model._meta.db_table for model in scoped_models()}
    found += [f"{name} has a unit and is not fenced" for (name,) in units if name not in names]
    for model in scoped_models():
        now = _as_it_is(model)
        with transaction.atomic("owner"):
            with connections["owner"].cursor() as cursor:
                for sql in statements(model):
                    cursor.execute(sql)
            wanted = _as_it_is(model)
            transaction.set_rollback(True, "owner")
        if now != wanted:
            found.append(f"{model._meta.db_table}: {now} instead of {wanted}")
        if not now[0]:
            found.append(f"{model._meta.db_table}: row-level security is off")
    return found


def task_parameters() -> dict[str, list[str]]:
    """Task → parameters that might carry more than ids and paths."""
    import inspect

    from procrastinate.contrib.django import app

    plain = re.compile(r"context|timestamp|path|.*_ids?|.*_path|periodic_id|days?")
    found = {}
    for name, task in app.tasks.items():
        if task.func.__module__.startswith("weiye."):
            names = [n for n in inspect.signature(task.func).parameters if not plain.fullmatch(n)]
            if names:
                found[name] = names
    return found
