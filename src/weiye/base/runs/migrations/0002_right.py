import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

RIGHTS = """
UPDATE runs_run SET "right" = CASE
    WHEN kind LIKE 'roster.%' THEN 'people.import'
    WHEN kind LIKE 'vacancies.%' THEN 'vacancies.edit'
    WHEN kind LIKE 'training.%' THEN 'training.edit'
    WHEN kind = 'people.export' THEN 'people.export'
    WHEN kind = 'assistance.pipeline' THEN 'pipeline.run'
    ELSE '' END
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]
    operations = [
        migrations.AddField(
            "run",
            "right",
            models.CharField(default="", max_length=40, verbose_name="所需权限"),
            preserve_default=False,
        ),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "run",
            models.UniqueConstraint(
                models.F("kind"),
                models.F("unit_path"),
                django.db.models.functions.text.MD5(
                    django.db.models.functions.comparison.Cast("args", models.TextField())
                ),
                condition=models.Q(("state", "queued")),
                name="run_queued_once",
            ),
        ),
    ]
