"""Entries of a time without a scan; and no second index of unit paths.

Beside the index of a text column Django makes one for LIKE. Paths are compared byte by byte and
found by ranges: it would never be read, and costs every entry its write.
"""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("audit", "0003_actor_path")]

    operations = [
        AddIndexConcurrently(
            model_name="auditentry",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="audit_at"),
        ),
        migrations.RunSQL(
            'DROP INDEX CONCURRENTLY IF EXISTS "audit_auditentry_unit_path_c084341c_like"',
            migrations.RunSQL.noop,
        ),
    ]
