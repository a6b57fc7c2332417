"""Start-up refuses a database login that could pass the fence."""

from django.db import connection


class UnfencedLogin(Exception):
    """The login may bypass row-level security; serving with it would show everything."""


def refuse_unfenced_login() -> None:
    """Raise `UnfencedLogin` if the login is superuser, bypasses RLS, or owns a scoped table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT current_user, r.rolsuper, r.rolbypassrls,
                   EXISTS (SELECT 1 FROM pg_class c
                           JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = 'public' AND c.relkind = 'r'
                             AND pg_has_role(c.relowner, 'MEMBER'))
            FROM pg_roles r WHERE r.rolname = current_user
            """
        )
        user, superuser, bypass, owns = cursor.fetchone()
    if superuser or bypass or owns:
        raise UnfencedLogin(
            f"database login {user!r} is not fenced (superuser={superuser}, bypassrls={bypass}, "
            f"owns tables={owns}); web and worker must log in as weiye_app"
        )
