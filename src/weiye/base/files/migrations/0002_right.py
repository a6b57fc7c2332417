from django.db import migrations, models

RIGHTS = """
UPDATE files_storedfile SET "right" = CASE "right"
    WHEN 'import.roster' THEN 'people.import'
    WHEN 'import.vacancies' THEN 'vacancies.edit'
    WHEN 'import.training' THEN 'training.edit'
    ELSE "right" END
"""


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]
    operations = [
        migrations.RenameField("storedfile", "purpose", "right"),
        migrations.AlterField(
            "storedfile", "right", models.CharField(max_length=40, verbose_name="所需权限")
        ),
        # Rejected rows of before do not say which import they came from: nobody gets them.
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
