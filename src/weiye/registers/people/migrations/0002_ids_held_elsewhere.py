from django.db import migrations

# An ID number already held by another unit must become a transfer request, and the unique
# constraint must not be the one to tell. The function answers for given indexes only; it runs as
# the owner, past the fence, and returns nothing but the indexes themselves.
CREATE = """
CREATE FUNCTION weiye_ids_held_elsewhere(wanted text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id_index::text FROM people_person
    WHERE id_index = ANY (wanted)
      AND NOT COALESCE(unit_path >= current_setting('weiye.lo', true)
                       AND unit_path < current_setting('weiye.hi', true), false)
$$;
REVOKE ALL ON FUNCTION weiye_ids_held_elsewhere(text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION weiye_ids_held_elsewhere(text[])"),
    ]
