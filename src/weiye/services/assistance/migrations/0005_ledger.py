from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Whoever is in a group now, of any area, is read from an index alone."""

    # Groups are written meanwhile.
    atomic = False
    dependencies = [("assistance", "0004_visits")]
    operations = [
        AddIndexConcurrently(
            "groupmembership",
            models.Index(
                condition=models.Q(("left_on__isnull", True)),
                fields=["group", "unit_path"],
                include=("person",),
                name="membership_open",
            ),
        ),
    ]
