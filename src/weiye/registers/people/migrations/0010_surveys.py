import django.db.models.deletion
import weiye.base.privacy.fields
import weiye.base.scope.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """Doorstep visits."""

    dependencies = [("people", "0009_biography"), ("regions", "0002_validity_and_history")]
    operations = [
        migrations.CreateModel(
            name="SurveyVisit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                ("client", models.UUIDField(unique=True)),
                (
                    "address",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="住址"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("surveyed", "已入户"),
                            ("nobody", "家中无人"),
                            ("refused", "不愿配合"),
                            ("gone", "已搬走或空置"),
                        ],
                        max_length=8,
                        verbose_name="结果",
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        choices=[("self", "本人"), ("family", "家里人"), ("other", "邻居或其他人")],
                        max_length=6,
                        verbose_name="回答人",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="入户时间")),
                ("on", models.DateField(verbose_name="入户日期")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="收到时间")),
                (
                    "questionnaire",
                    models.CharField(blank=True, max_length=64, verbose_name="问卷版本"),
                ),
                (
                    "note",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="备注"),
                ),
                ("by", models.BigIntegerField(null=True, verbose_name="入户账号")),
                ("by_name", models.CharField(blank=True, max_length=64, verbose_name="入户人员")),
                ("digest", models.CharField(max_length=64)),
                (
                    "household",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="visits",
                        to="people.household",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SurveyAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("member", "在住"),
                            ("new", "新来的"),
                            ("left", "已搬走"),
                            ("dead", "已去世"),
                        ],
                        max_length=6,
                        verbose_name="情况",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="姓名")),
                (
                    "content",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="回答"),
                ),
                (
                    "todo",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "无"),
                            ("left", "已搬走，待办理迁出"),
                            ("dead", "已去世，待核实"),
                            ("elsewhere", "在其他社区登记，待办理迁入"),
                            ("unplaced", "没有对上人，待核对"),
                        ],
                        max_length=9,
                        verbose_name="待办",
                    ),
                ),
                ("taken", models.JSONField(default=list, verbose_name="已采用")),
                ("kept", models.JSONField(default=list, verbose_name="待核对")),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="survey_answers",
                        to="people.person",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="people.surveyvisit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SurveyConflict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "unit_path",
                    weiye.base.scope.models.UnitPathField(
                        db_collation="C", db_index=True, max_length=64
                    ),
                ),
                ("fact", models.CharField(max_length=40, verbose_name="项目")),
                (
                    "held",
                    weiye.base.privacy.fields.EncryptedTextField(null=True, verbose_name="台账"),
                ),
                ("held_on", models.DateField(verbose_name="台账日期")),
                (
                    "held_source",
                    models.CharField(blank=True, max_length=100, verbose_name="台账来源"),
                ),
                (
                    "answered",
                    weiye.base.privacy.fields.EncryptedTextField(
                        null=True, verbose_name="入户回答"
                    ),
                ),
                ("answered_on", models.DateField(verbose_name="回答日期")),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("", "待核对"), ("keep", "保留台账"), ("replace", "采用入户")],
                        max_length=7,
                        verbose_name="决定",
                    ),
                ),
                ("decided_by", models.BigIntegerField(null=True, verbose_name="办理账号")),
                (
                    "decided_by_name",
                    models.CharField(blank=True, max_length=64, verbose_name="办理人"),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="办理时间")),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conflicts",
                        to="people.surveyanswer",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="survey_conflicts",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("decision", "")),
                        fields=["unit_path"],
                        name="survey_conflict_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("answer", "fact"), name="survey_conflict_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decision", "")),
                            models.Q(
                                ("decided_at__isnull", False), ("decision__in", ("keep", "replace"))
                            ),
                            _connector="OR",
                        ),
                        name="survey_decided_when",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="surveyvisit",
            index=models.Index(fields=["household", "-on"], name="survey_household_day"),
        ),
        migrations.AddIndex(
            model_name="surveyvisit",
            index=models.Index(fields=["unit_path", "-on"], name="survey_area_day"),
        ),
        migrations.AddConstraint(
            model_name="surveyvisit",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["surveyed", "nobody", "refused", "gone"])),
                name="survey_outcome_known",
            ),
        ),
        migrations.AddIndex(
            model_name="surveyanswer",
            index=models.Index(
                condition=models.Q(("todo", ""), _negated=True),
                fields=["unit_path"],
                name="survey_answer_todo",
            ),
        ),
        migrations.AddConstraint(
            model_name="surveyanswer",
            constraint=models.UniqueConstraint(
                fields=("visit", "person"), name="survey_answer_once"
            ),
        ),
    ]
