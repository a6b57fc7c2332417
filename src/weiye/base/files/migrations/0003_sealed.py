from django.db import migrations

import weiye.base.privacy.fields


class Migration(migrations.Migration):
    """The column says that it is encrypted; nothing changes in the database."""

    dependencies = [("files", "0002_right")]
    operations = [
        migrations.AlterField("storedfile", "content", weiye.base.privacy.fields.SealedBytesField())
    ]
