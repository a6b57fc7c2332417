import django.db.models.deletion
from django.db import migrations, models

import weiye.base.scope.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_fill_home_unit"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="regions.unit"
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="unit_path",
            field=weiye.base.scope.models.UnitPathField(
                db_collation="C", db_index=True, max_length=64
            ),
        ),
    ]
