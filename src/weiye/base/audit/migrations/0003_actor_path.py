"""For which unit somebody acted."""

from django.db import migrations

import weiye.base.scope.models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_chain")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="actor_path",
            field=weiye.base.scope.models.UnitPathField(
                db_collation="C",
                db_default="",
                default="",
                max_length=64,
                verbose_name="代表单位",
            ),
        ),
    ]
