import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import weiye.base.scope.models

WAYS = [("visit", "上门"), ("phone", "电话"), ("station", "来站"), ("message", "短信微信")]
RESULTS = [
    ("met", "见到本人（或通上话）"),
    ("family", "见到家人，转达了"),
    ("absent", "没人在家（没接通）"),
    ("refused", "本人不愿意谈"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("files", "0003_sealed"),
        ("people", "0008_area_counted"),
        ("assistance", "0003_group_history"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Visit",
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
                ("on", models.DateField(verbose_name="日期")),
                ("way", models.CharField(choices=WAYS, max_length=8, verbose_name="方式")),
                ("result", models.CharField(choices=RESULTS, max_length=8, verbose_name="结果")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="记录")),
                ("worker_name", models.CharField(max_length=64, verbose_name="走访人")),
                ("token", models.UUIDField(unique=True)),
                ("recorded_at", models.DateTimeField(auto_now_add=True)),
                (
                    "withdrawn_because",
                    models.CharField(blank=True, max_length=200, verbose_name="作废原因"),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="files.storedfile",
                        verbose_name="凭证",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visits",
                        to="people.person",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-on", "-id"],
                "indexes": [models.Index(fields=["person", "on"], name="visit_person_on")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("way__in", [way for way, _ in WAYS])),
                        name="visit_way_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("result__in", [result for result, _ in RESULTS])),
                        name="visit_result_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitDue",
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
                        related_name="visit_due",
                        serialize=False,
                        to="people.person",
                    ),
                ),
                ("due_on", models.DateField(verbose_name="应访日期")),
                ("interval_days", models.PositiveSmallIntegerField(verbose_name="间隔天数")),
                ("because", models.CharField(max_length=200, verbose_name="依据")),
                ("source", models.TextField(verbose_name="文件依据")),
                (
                    "to_confirm",
                    models.BooleanField(default=False, verbose_name="待确认口径"),
                ),
                ("last_on", models.DateField(null=True, verbose_name="上次走访")),
                ("applies", models.JSONField(default=list, verbose_name="适用的间隔")),
            ],
            options={
                "indexes": [models.Index(fields=["unit_path", "due_on"], name="visitdue_area_day")],
            },
        ),
    ]
