import django.contrib.postgres.fields
import weiye.base.privacy.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """What is known of a person besides the rules' facts, and from whom each fact is."""

    dependencies = [
        ("people", "0008_area_counted"),
    ]
    operations = [
        migrations.AddField(
            model_name="person",
            name="education_history",
            field=models.JSONField(null=True, verbose_name="学习经历"),
        ),
        migrations.AddField(
            model_name="person",
            name="fact_sources",
            field=models.JSONField(db_default={}, default=dict, verbose_name="各项来源"),
        ),
        migrations.AddField(
            model_name="person",
            name="health_limits",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                null=True,
                size=None,
                verbose_name="健康限制",
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="id_kind",
            field=models.CharField(
                choices=[
                    ("居民身份证", "居民身份证"),
                    ("港澳台居民居住证", "港澳台居民居住证"),
                    ("护照", "护照"),
                    ("港澳居民来往内地通行证", "港澳居民来往内地通行证"),
                    ("台湾居民来往大陆通行证", "台湾居民来往大陆通行证"),
                    ("外国人永久居留身份证", "外国人永久居留身份证"),
                ],
                db_default="居民身份证",
                default="居民身份证",
                max_length=12,
                verbose_name="证件类别",
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="work_history",
            field=models.JSONField(null=True, verbose_name="工作经历"),
        ),
        migrations.AddField(
            model_name="statusperiod",
            name="end_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="结束原因"
            ),
        ),
        migrations.AddField(
            model_name="statusperiod",
            name="number",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=40, verbose_name="登记编号"
            ),
        ),
        migrations.AddField(
            model_name="statusperiod",
            name="reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=60, verbose_name="原因"
            ),
        ),
        migrations.AddField(
            model_name="workwish",
            name="place",
            field=models.CharField(
                blank=True,
                choices=[
                    ("家门口", "家门口"),
                    ("本街道", "本街道"),
                    ("本县区", "本县区"),
                    ("本市", "本市"),
                    ("省内", "省内"),
                    ("不限", "不限"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="意向地点",
            ),
        ),
        migrations.AddField(
            model_name="workwish",
            name="remote",
            field=models.BooleanField(null=True, verbose_name="愿意居家或远程工作"),
        ),
        migrations.AlterField(
            model_name="person",
            name="id_number",
            field=weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="证件号码"),
        ),
    ]
