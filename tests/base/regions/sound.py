"""What must hold after any change to the tree: what the nightly checks ask for."""

from django.db import connection

from weiye.base.integrity.checks import all_checks


def broken() -> dict[str, list[object]]:
    """The checks of the tree, and of rows that name their unit, which find something."""
    found = {}
    with connection.cursor() as cursor:
        for check in all_checks():
            if check.id.startswith("regions.") or check.id.endswith("_in_its_unit"):
                cursor.execute(check.sql)
                if rows := [row[0] for row in cursor.fetchall()]:
                    found[check.id] = rows
    return found
