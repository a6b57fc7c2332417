from django.db import migrations, models

from weiye.base.privacy.fields import BlindIndexField, NextIndexField

# Who changes an index and knows nothing of a rotation leaves the next index empty, never that of
# another number.
FOLLOW = """
CREATE FUNCTION weiye_index_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id_index IS DISTINCT FROM OLD.id_index
       AND NEW.id_index_next IS NOT DISTINCT FROM OLD.id_index_next THEN
        NEW.id_index_next := NULL;
    END IF;
    IF NEW.phone_index IS DISTINCT FROM OLD.phone_index
       AND NEW.phone_index_next IS NOT DISTINCT FROM OLD.phone_index_next THEN
        NEW.phone_index_next := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER weiye_index_next BEFORE UPDATE OF id_index, phone_index ON people_person
FOR EACH ROW WHEN (OLD.id_index_next IS NOT NULL OR OLD.phone_index_next IS NOT NULL)
EXECUTE FUNCTION weiye_index_next();
"""
BACK = """
DROP TRIGGER weiye_index_next ON people_person;
DROP FUNCTION weiye_index_next();
"""


class Migration(migrations.Migration):
    """Room for the index under a new key while it takes the place of the old one."""

    dependencies = [("people", "0005_transfer_requests")]
    operations = [
        migrations.AlterField("person", "id_index", BlindIndexField(of="id_number", unique=True)),
        migrations.AlterField("person", "phone_index", BlindIndexField(of="phone", db_index=True)),
        migrations.AddField("person", "id_index_next", NextIndexField(of="id_number", unique=True)),
        migrations.AddField("person", "phone_index_next", NextIndexField(of="phone")),
        migrations.AddField(
            "person", "anonymised_on", models.DateField(null=True, verbose_name="匿名化日期")
        ),
        migrations.RunSQL(FOLLOW, BACK),
    ]
