"""Batches of sealed entries, the second sink's state, and whose data an entry is about."""

import django.contrib.postgres.fields
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import weiye.base.scope.models


class Migration(migrations.Migration):
    # The index is built while people work.
    atomic = False

    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="person_id",
            field=models.BigIntegerField(null=True, verbose_name="涉及的居民"),
        ),
        # Before the first seal: nothing is altered that a batch already covers.
        migrations.RunSQL(
            "UPDATE audit_auditentry SET person_id = thing_id::bigint "
            "WHERE thing_type = 'person' AND thing_id ~ '^[0-9]{1,18}$'",
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(person_id__isnull=False),
                fields=["person_id", "-id"],
                name="audit_person",
            ),
        ),
        migrations.CreateModel(
            name="AuditBatch",
            fields=[
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                (
                    "number",
                    models.BigIntegerField(primary_key=True, serialize=False, verbose_name="批次"),
                ),
                ("form", models.PositiveSmallIntegerField(default=1)),
                ("sealed_at", models.DateTimeField(verbose_name="封存时间")),
                ("count", models.PositiveIntegerField(verbose_name="条数")),
                (
                    "ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("leaves", models.BinaryField()),
                ("marks", models.BinaryField()),
                ("watermark", models.BigIntegerField()),
                ("pending", models.JSONField(default=list)),
                ("previous", models.BinaryField()),
                ("digest", models.BinaryField()),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.CreateModel(
            name="AuditSink",
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
                ("place", models.CharField(max_length=300, unique=True, verbose_name="位置")),
                ("delivered", models.BigIntegerField(default=0, verbose_name="已送到批次")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="送达时间")),
                ("failing_since", models.DateTimeField(null=True, verbose_name="开始失败")),
                (
                    "failed_because",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="失败原因"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
