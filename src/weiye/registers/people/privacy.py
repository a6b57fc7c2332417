"""What else bears the index of an ID number."""

from collections.abc import Mapping

from django.db import connections

from weiye.base.privacy import rotation
from weiye.base.privacy.fields import BlindIndexField

from .models import Household, Person
from .transfers.models import TransferRequest

# A household that no list gave a number is called after its first member (`intake`).
NAMED = "户"
DIGITS = 12


def follow_ids(column: BlindIndexField, became: Mapping[str, str], using: str) -> None:
    """Requests name a person by the index alone; some households are called after one."""
    if column.model is not Person or column.name != "id_index" or not became:
        return
    old, new = list(became), list(became.values())
    with connections[using].cursor() as cursor:
        cursor.execute(
            f'UPDATE "{TransferRequest._meta.db_table}" t SET id_index = v.new '  # noqa: S608
            "FROM unnest(%s::text[], %s::text[]) AS v(old, new) WHERE t.id_index = v.old",
            [old, new],
        )
        cursor.execute(
            f'UPDATE "{Household._meta.db_table}" t SET number = v.new '  # noqa: S608
            "FROM unnest(%s::text[], %s::text[]) AS v(old, new) WHERE t.number = v.old "
            f'AND NOT EXISTS (SELECT 1 FROM "{Household._meta.db_table}" o '
            "WHERE o.unit_id = t.unit_id AND o.number = v.new)",
            [[NAMED + i[:DIGITS] for i in old], [NAMED + i[:DIGITS] for i in new]],
        )


rotation.follow(follow_ids)
