from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assistance", "0002_worker_name")]
    operations = []
