"""Every account gets a home: the unit of its first membership, or the province."""

from django.db import migrations

FILL = """
    UPDATE accounts_account a SET unit_id = u.id, unit_path = u.path
    FROM regions_unit u
    WHERE a.unit_id IS NULL AND u.id = coalesce(
        (SELECT m.unit_id FROM accounts_membership m WHERE m.account_id = a.id
         ORDER BY m.id LIMIT 1),
        (SELECT id FROM regions_unit WHERE parent_id IS NULL ORDER BY path LIMIT 1));
    UPDATE accounts_membership m SET account_name = a.name
    FROM accounts_account a WHERE a.id = m.account_id AND m.account_name = ''
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_home_unit_and_periods"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
