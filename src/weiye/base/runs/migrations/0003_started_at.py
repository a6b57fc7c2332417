from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0002_right")]

    operations = [
        migrations.AddField("run", "started_at", models.DateTimeField(null=True)),
    ]
