from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who joined and left an area's groups since a day, by an index."""

    # The pipeline writes meanwhile.
    atomic = False
    dependencies = [("assistance", "0005_ledger")]
    operations = [
        AddIndexConcurrently(
            model_name="groupmembership",
            index=models.Index(fields=["unit_path", "found_on"], name="membership_area_joined"),
        ),
        AddIndexConcurrently(
            model_name="groupmembership",
            index=models.Index(
                condition=models.Q(("left_on__isnull", False)),
                fields=["unit_path", "left_on"],
                name="membership_area_left",
            ),
        ),
    ]
