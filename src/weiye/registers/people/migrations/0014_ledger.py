from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The ledger of a million: pages by name, ages and statuses of any day read indexes alone."""

    # People are written meanwhile.
    atomic = False
    dependencies = [("people", "0013_died_on")]
    operations = [
        AddIndexConcurrently(
            "person",
            models.Index(
                condition=models.Q(("anonymised_on__isnull", True)),
                fields=["name_key", "id"],
                include=("unit_path",),
                name="person_by_name",
            ),
        ),
        RemoveIndexConcurrently("person", "person_name_key"),
        AddIndexConcurrently("person", models.Index(fields=["birth_date"], name="person_birth")),
        AddIndexConcurrently(
            "statusperiod",
            models.Index(
                fields=["kind", "status", "unit_path"],
                include=("person", "during"),
                name="period_holders",
            ),
        ),
    ]
