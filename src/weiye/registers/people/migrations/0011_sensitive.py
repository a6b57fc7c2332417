import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.db import migrations, models

# Whoever deletes a person may not see these rows: the database takes them along without a word.
REFER = """
ALTER TABLE people_sensitiverecord ADD CONSTRAINT people_sensitiverecord_person
FOREIGN KEY (person_id) REFERENCES people_person (id)
ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):
    """Sensitive groups, behind rights of their own."""

    dependencies = [
        ("people", "0010_surveys"),
    ]
    operations = [
        migrations.CreateModel(
            name="SensitiveRecord",
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
                        choices=[("社区矫正", "社区矫正对象"), ("安置帮教", "安置帮教对象")],
                        max_length=4,
                        verbose_name="类别",
                    ),
                ),
                (
                    "during",
                    django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间"),
                ),
                (
                    "document",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="文书号"),
                ),
                (
                    "note",
                    weiye.base.privacy.fields.EncryptedTextField(
                        null=True, verbose_name="帮扶情况"
                    ),
                ),
                ("source", models.CharField(max_length=100, verbose_name="数据来源")),
                ("as_of", models.DateField(verbose_name="数据日期")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sensitive_records",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "ordering": ["person_id", "kind", "during"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["社区矫正", "安置帮教"])),
                        name="sensitive_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("during__isempty", False), ("during__startswith__isnull", False)
                        ),
                        name="sensitive_has_a_first_day",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            REFER,
            "ALTER TABLE people_sensitiverecord DROP CONSTRAINT people_sensitiverecord_person",
        ),
    ]
