from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("exchange", "0004_reflow")]
    operations = [ValidateConstraint(model_name="importbatch", name="import_state_known")]
