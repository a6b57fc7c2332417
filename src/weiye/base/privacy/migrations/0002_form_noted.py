from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """The oldest form of stored values that is still read is noted beside the known keys."""

    dependencies = [("privacy", "0001_keys_consent_notices")]

    operations = [
        migrations.RemoveConstraint(model_name="knownkey", name="key_kind_known"),
        AddConstraintNotValid(
            model_name="knownkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("field", "index", "form"))),
                name="key_kind_known",
            ),
        ),
    ]
