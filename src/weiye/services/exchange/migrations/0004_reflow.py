import django.contrib.postgres.fields
import django.db.models.deletion
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0003_rosters"),
        ("files", "0003_sealed"),
        ("people", "0012_merging"),
        ("regions", "0002_validity_and_history"),
        ("runs", "0003_started_at"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReflowPackage",
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
                ("since", models.DateField(null=True, verbose_name="上次回流")),
                ("until", models.DateField(verbose_name="回流日期")),
                ("counts", models.JSONField(default=dict)),
                (
                    "password",
                    weiye.base.privacy.fields.EncryptedTextField(
                        null=True, verbose_name="文件密码"
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("opened_at", models.DateTimeField(null=True, verbose_name="签收时间")),
                (
                    "opened_by",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="签收人"),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.unit",
                    ),
                ),
            ],
            options={
                "ordering": ["-until", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ReflowItem",
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
                ("name", models.CharField(max_length=100, verbose_name="姓名")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "新增人员"),
                            ("changed", "信息变化"),
                            ("left", "不再属于本社区"),
                        ],
                        max_length=8,
                        verbose_name="类别",
                    ),
                ),
                ("changes", models.JSONField(default=list, verbose_name="变化")),
                (
                    "joined",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        default=list,
                        size=None,
                        verbose_name="进入群体",
                    ),
                ),
                (
                    "left",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        default=list,
                        size=None,
                        verbose_name="退出群体",
                    ),
                ),
                ("done_at", models.DateTimeField(null=True, verbose_name="核实时间")),
                (
                    "done_by",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="核实人"),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", max_length=200, verbose_name="核实情况"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="people.person",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="exchange.reflowpackage",
                    ),
                ),
            ],
            options={
                "ordering": ["package_id", "kind", "name", "id"],
            },
        ),
        migrations.CreateModel(
            name="ReflowSeen",
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
                ("person_key", models.BigIntegerField()),
                ("name", models.CharField(max_length=100, verbose_name="姓名")),
                ("facts", models.JSONField(default=dict)),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="regions.unit",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ReportTemplate",
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
                ("name", models.CharField(max_length=255, verbose_name="模板名称")),
                ("mapping", models.JSONField(default=dict)),
                ("named", models.PositiveIntegerField(default=0, verbose_name="已列人数")),
                ("kept_by", models.CharField(max_length=64, verbose_name="经办人")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("used_at", models.DateTimeField(null=True, verbose_name="最近填报")),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="files.storedfile",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="runs.run",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.unit",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="reflowpackage",
            constraint=models.UniqueConstraint(fields=("unit", "until"), name="reflow_one_a_day"),
        ),
        migrations.AddConstraint(
            model_name="reflowpackage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("since__isnull", True), ("since__lt", models.F("until")), _connector="OR"
                ),
                name="reflow_since_before_until",
            ),
        ),
        migrations.AddIndex(
            model_name="reflowitem",
            index=models.Index(fields=["unit_path", "package", "kind"], name="reflow_item_area"),
        ),
        migrations.AddConstraint(
            model_name="reflowitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["new", "changed", "left"])),
                name="reflow_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reflowseen",
            constraint=models.UniqueConstraint(
                fields=("unit", "person_key"), name="reflow_seen_once"
            ),
        ),
        migrations.AddIndex(
            model_name="reporttemplate",
            index=models.Index(fields=["unit_path", "-id"], name="template_area"),
        ),
    ]
