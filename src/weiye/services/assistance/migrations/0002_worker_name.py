from django.db import migrations, models

# The account may be another unit's, whose row the fence hides: the name stands in the file. Kept by
# the database, because files get and lose their workers one by one, in bulk and with the account.
KEEP = """
CREATE FUNCTION weiye_file_worker_name() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.worker_name := coalesce((SELECT name FROM accounts_account WHERE id = NEW.worker_id), '');
    RETURN NEW;
END $$;
CREATE TRIGGER weiye_file_worker_name BEFORE INSERT OR UPDATE OF worker_id
ON assistance_assistancefile FOR EACH ROW EXECUTE FUNCTION weiye_file_worker_name();

CREATE FUNCTION weiye_worker_renamed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE assistance_assistancefile SET worker_name = NEW.name WHERE worker_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER weiye_worker_renamed AFTER UPDATE OF name ON accounts_account
FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name) EXECUTE FUNCTION weiye_worker_renamed();
REVOKE ALL ON FUNCTION weiye_file_worker_name(), weiye_worker_renamed() FROM PUBLIC;

UPDATE assistance_assistancefile f SET worker_name = a.name
FROM accounts_account a WHERE a.id = f.worker_id;
"""
BACK = """
DROP TRIGGER weiye_worker_renamed ON accounts_account;
DROP FUNCTION weiye_worker_renamed();
DROP TRIGGER weiye_file_worker_name ON assistance_assistancefile;
DROP FUNCTION weiye_file_worker_name();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assistance", "0001_initial"),
        ("accounts", "0004_home_unit_required"),
    ]
    operations = [
        migrations.AddField(
            "assistancefile",
            "worker_name",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=64,
                verbose_name="责任人姓名",
            ),
        ),
        migrations.RunSQL(KEEP, BACK),
    ]
