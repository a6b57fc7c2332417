from django.db import migrations, models


class Migration(migrations.Migration):
    """The day of death, as rosters of deaths tell it."""

    dependencies = [("people", "0012_merging")]
    operations = [
        migrations.AddField(
            model_name="person",
            name="died_on",
            field=models.DateField(null=True, verbose_name="死亡日期"),
        )
    ]
