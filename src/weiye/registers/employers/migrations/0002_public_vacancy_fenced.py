from django.db import migrations


class Migration(migrations.Migration):
    # The policies follow from the model's declaration after every migration.
    dependencies = [("employers", "0001_initial")]

    operations = [migrations.RenameField("PublicVacancy", "owner_path", "unit_path")]
