import django.db.models.deletion
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0002_answered"),
    ]

    operations = [
        migrations.CreateModel(
            name="ColumnMemory",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("roster", "人员名册"),
                            ("vacancies", "岗位清单"),
                            ("training", "培训目录"),
                        ],
                        max_length=10,
                    ),
                ),
                ("sender", models.CharField(blank=True, max_length=40)),
                ("title", models.CharField(max_length=200, verbose_name="表头")),
                ("field", models.CharField(blank=True, max_length=40, verbose_name="当作")),
                ("used_at", models.DateTimeField(verbose_name="上次使用")),
            ],
            options={
                "ordering": ["sender", "title"],
            },
        ),
        migrations.CreateModel(
            name="ImportBlock",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("read", "已读取"),
                            ("checked", "已检查"),
                            ("done", "已导入"),
                            ("undone", "已撤销"),
                        ],
                        default="read",
                        max_length=8,
                    ),
                ),
                ("sheet", models.CharField(blank=True, max_length=100)),
                ("counts", models.JSONField(default=dict)),
                ("undo_counts", models.JSONField(default=dict)),
                ("rows", weiye.base.privacy.fields.SealedBytesField()),
                ("found", weiye.base.privacy.fields.SealedBytesField(null=True)),
                ("journal", weiye.base.privacy.fields.SealedBytesField(null=True)),
            ],
            options={
                "ordering": ["batch_id", "number"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="importbatch",
            name="import_state_known",
        ),
        migrations.AddField(
            model_name="importbatch",
            name="read_rows",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="sender",
            field=models.CharField(
                blank=True, db_default="", max_length=40, verbose_name="来源部门"
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="sheets",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="undo_counts",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="undone_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="importbatch",
            name="state",
            field=models.CharField(
                choices=[
                    ("uploaded", "待核对"),
                    ("checked", "待导入"),
                    ("importing", "导入了一部分"),
                    ("done", "已导入"),
                    ("undoing", "撤销了一部分"),
                    ("undone", "已撤销"),
                    ("cancelled", "已取消"),
                ],
                default="uploaded",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        AddConstraintNotValid(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "uploaded",
                            "checked",
                            "importing",
                            "done",
                            "undoing",
                            "undone",
                            "cancelled",
                        ],
                    )
                ),
                name="import_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="columnmemory",
            constraint=models.UniqueConstraint(
                fields=("unit_path", "kind", "sender", "title"), name="column_memory_once"
            ),
        ),
        migrations.AddField(
            model_name="importblock",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="blocks",
                to="exchange.importbatch",
            ),
        ),
        migrations.AddConstraint(
            model_name="importblock",
            constraint=models.UniqueConstraint(
                fields=("batch", "number"), name="import_block_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="importblock",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["read", "checked", "done", "undone"])),
                name="import_block_state_known",
            ),
        ),
    ]
