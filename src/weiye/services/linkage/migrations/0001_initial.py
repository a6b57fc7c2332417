import django.db.models.deletion
import django.db.models.functions.comparison
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0012_merging"),
        ("regions", "0002_validity_and_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pair",
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
                ("probability", models.FloatField(verbose_name="可能性")),
                (
                    "evidence",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="依据"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "待核对"),
                            ("later", "先放着"),
                            ("same", "同一个人"),
                            ("different", "不是同一个人"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("found_on", models.DateField(verbose_name="发现日期")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="核对时间")),
                (
                    "decided_by",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="核对人"),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="理由"),
                ),
                (
                    "one",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.person",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "ordering": ["-probability", "id"],
                "indexes": [models.Index(fields=["unit_path", "state"], name="pair_area_state")],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Least("one", "other"),
                        django.db.models.functions.comparison.Greatest("one", "other"),
                        name="pair_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("one", models.F("other")), _negated=True),
                        name="pair_of_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("probability__gte", 0), ("probability__lte", 1)),
                        name="pair_probability",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", False), ("state__in", ("same", "different"))
                            ),
                            ("state__in", ("open", "later")),
                            _connector="OR",
                        ),
                        name="pair_decided_has_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RowDoubt",
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
                ("batch_id", models.BigIntegerField(db_index=True, verbose_name="导入批次")),
                (
                    "sheet",
                    models.CharField(blank=True, default="", max_length=100, verbose_name="工作表"),
                ),
                ("line", models.PositiveIntegerField(verbose_name="行")),
                ("source", models.CharField(max_length=100, verbose_name="来源")),
                (
                    "said",
                    weiye.base.privacy.fields.EncryptedTextField(
                        null=True, verbose_name="名册上的内容"
                    ),
                ),
                ("words", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "待核对"),
                            ("linked", "已对上"),
                            ("nobody", "不是台账里的人"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="核对时间")),
                (
                    "decided_by",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="核对人"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.person",
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
                "indexes": [models.Index(fields=["unit_path", "state"], name="doubt_area_state")],
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "words"), name="doubt_once_in_a_unit"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("person__isnull", False), ("state", "linked")),
                            models.Q(("person__isnull", True), ("state__in", ("open", "nobody"))),
                            _connector="OR",
                        ),
                        name="doubt_linked_to_somebody",
                    ),
                ],
            },
        ),
    ]
