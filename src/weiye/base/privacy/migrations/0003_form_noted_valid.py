from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_form_noted")]

    operations = [ValidateConstraint(model_name="knownkey", name="key_kind_known")]
