"""Start-up refuses a database login that could pass the fence."""

from django.db import connection

_SETTINGS = ("lo", "hi", "account", "username", "person", "institution")


class UnfencedLogin(Exception):
    """The login may bypass row-level security; serving with it would show everything."""


def refuse_unfenced_login() -> None:
    """Raise `UnfencedLogin` if the login could see past the fence.

    That is: it, or a role that it may become, is superuser, bypasses row-level security or owns a
    table; or the server hands it a range of its own (``ALTER ROLE … SET weiye.hi``), which would
    hold outside every transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT session_user,
                   array(SELECT rolname::text FROM pg_roles r
                         WHERE (r.rolsuper OR r.rolbypassrls)
                           AND pg_has_role(session_user, r.oid, 'MEMBER')),
                   EXISTS (SELECT 1 FROM pg_class c
                           JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                             AND pg_has_role(session_user, c.relowner, 'MEMBER')),
                   array(SELECT name FROM unnest(%s::text[]) name
                         WHERE current_setting('weiye.' || name, true) <> '')
            """,
            [list(_SETTINGS)],
        )
        user, passing, owns, preset = cursor.fetchone()
    if passing or owns or preset:
        raise UnfencedLogin(
            f"database login {user!r} is not fenced (may bypass row-level security as "
            f"{passing or 'nobody'}, owns tables={owns}, settings given by the server="
            f"{preset or 'none'}); web and worker must log in as weiye_app"
        )
