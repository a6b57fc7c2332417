from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assistance", "0003_group_history")]
    operations = []
