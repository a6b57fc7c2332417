import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import weiye.base.scope.models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_area_counted"),
        ("assistance", "0002_worker_name"),
    ]
    operations = [
        migrations.AddField(
            model_name="groupmembership",
            name="joined_change",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="进入的原因"
            ),
        ),
        migrations.AddField(
            model_name="groupmembership",
            name="left_change",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="退出的原因"
            ),
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="standing",
                        serialize=False,
                        to="people.person",
                    ),
                ),
                ("facts", models.TextField(verbose_name="已知情况")),
                ("as_of", models.DateField(verbose_name="数据日期")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="FactChange",
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
                ("fact", models.CharField(max_length=40, verbose_name="项目")),
                ("before", models.TextField(null=True, verbose_name="原来")),
                ("after", models.TextField(null=True, verbose_name="现在")),
                ("seen_on", models.DateField(verbose_name="发现日期")),
                (
                    "seen_at",
                    models.DateTimeField(
                        auto_now_add=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fact_changes",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "ordering": ["person_id", "seen_at", "id"],
                "indexes": [
                    models.Index(fields=["person", "seen_on"], name="factchange_person_day")
                ],
            },
        ),
    ]
