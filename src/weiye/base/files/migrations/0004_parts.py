import django.db.models.deletion
from django.db import migrations, models

import weiye.base.privacy.fields
import weiye.base.scope.models


class Migration(migrations.Migration):
    """Large files in parts."""

    dependencies = [("files", "0003_sealed")]
    operations = [
        migrations.CreateModel(
            name="FilePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", weiye.base.privacy.fields.SealedBytesField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="files.storedfile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("file", "number"), name="file_part_number")
                ]
            },
        ),
    ]
