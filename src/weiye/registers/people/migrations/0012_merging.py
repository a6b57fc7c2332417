import django.db.models.deletion
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.db import migrations, models


# A further number of somebody in another unit is held elsewhere as much as the first.
ELSEWHERE = """
CREATE OR REPLACE FUNCTION weiye_ids_held_elsewhere(wanted text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id_index::text FROM people_person
    WHERE id_index = ANY (wanted)
      AND NOT COALESCE(unit_path >= current_setting('weiye.lo', true)
                       AND unit_path < current_setting('weiye.hi', true), false)
    UNION ALL
    SELECT number_index::text FROM people_othernumber
    WHERE number_index = ANY (wanted)
      AND NOT COALESCE(unit_path >= current_setting('weiye.lo', true)
                       AND unit_path < current_setting('weiye.hi', true), false)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0011_sensitive")]

    operations = [
        migrations.CreateModel(
            name="Merge",
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
                ("gone", models.BigIntegerField(db_index=True, verbose_name="并入的编号")),
                (
                    "gone_path",
                    weiye.base.scope.models.UnitPathField(db_collation="C", max_length=64),
                ),
                ("gone_name", models.CharField(max_length=100, verbose_name="并入的姓名")),
                (
                    "before",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="合并前"),
                ),
                ("moved", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=300, verbose_name="合并理由")),
                ("merged_at", models.DateTimeField(verbose_name="合并时间")),
                ("merged_by", models.CharField(max_length=64, verbose_name="合并人")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="拆分时间")),
                (
                    "undone_by",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="拆分人"),
                ),
                (
                    "undone_because",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="拆分理由"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merges",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="OtherNumber",
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
                    "number",
                    weiye.base.privacy.fields.EncryptedTextField(
                        null=True, verbose_name="另一证件号码"
                    ),
                ),
                (
                    "number_index",
                    weiye.base.privacy.fields.BlindIndexField(
                        max_length=64, null=True, of="number", unique=True
                    ),
                ),
                (
                    "number_index_next",
                    weiye.base.privacy.fields.NextIndexField(
                        max_length=64, null=True, of="number", unique=True
                    ),
                ),
                (
                    "merge",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="numbers",
                        to="people.merge",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="other_numbers",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)),
                fields=("gone",),
                name="merge_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(("person", models.F("gone")), _negated=True), name="merge_of_two"
            ),
        ),
        migrations.RunSQL(ELSEWHERE, migrations.RunSQL.noop),
    ]
