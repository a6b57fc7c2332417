"""What is kept about keys, consent, and the end of keeping."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from weiye.base.files.models import StoredFile
from weiye.base.scope.models import Scoped


class KnownKey(models.Model):
    """A key under which data may be stored: its id, by which a wrong ring is noticed at once.

    The id is made from the key and tells nothing of it (`keyring.Key`). Rows of all areas are
    under the same keys, so this table belongs to no unit. The kind ``form`` notes the oldest form
    of stored values (`cipher`) that is still read.
    """

    kind = models.CharField(max_length=5)
    key_id = models.CharField(max_length=8)
    known_since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "known_since", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("field", "index", "form")), name="key_kind_known"
            ),
            models.UniqueConstraint(fields=["kind", "key_id"], name="key_known_once"),
        ]


class Basis(models.TextChoices):
    """On what ground personal data are processed (PIPL)."""

    DUTY = "duty", "履行法定职责（个保法第13、34条，须告知）"
    CONSENT = "consent", "个人同意（个保法第13、14条）"
    SEPARATE = "separate", "单独同意（敏感个人信息，个保法第29条）"


class Way(models.TextChoices):
    SELF = "self", "本人在线"
    DOOR = "door", "上门口头，工作人员见证"
    STATION = "station", "来站当面，工作人员见证"
    PAPER = "paper", "纸质签字，已存档"


class Consent(Scoped):
    """One subject's consent to one purpose, from when, how, and until when.

    Rows are never changed but for the withdrawal; consenting again makes another.
    """

    fence_subjects: ClassVar[Mapping[str, str]] = {
        "person": "person_id",
        "institution": "institution_id",
    }

    person_id = models.BigIntegerField("居民", null=True, db_index=True)
    institution_id = models.BigIntegerField("机构", null=True, db_index=True)
    # Key and title of the pack's purpose, and the version of the text that was shown.
    purpose = models.CharField("用途", max_length=40)
    title = models.CharField("用途名称", max_length=100)
    basis = models.CharField("依据", max_length=10, choices=Basis.choices)
    text_version = models.CharField("告知文本版本", max_length=20)
    # SM3 of that text: what was shown can be proved later.
    text_digest = models.CharField(max_length=64)
    way = models.CharField("方式", max_length=10, choices=Way.choices)
    # Where the paper lies or its scan.
    paper = models.CharField("存档位置", max_length=100, blank=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField("同意时间")
    account_id = models.BigIntegerField("经办账号", null=True)
    recorded_by = models.CharField("记录人（见证人）", max_length=64)
    withdrawn_at = models.DateTimeField("撤回时间", null=True)
    withdrawn_by = models.CharField("撤回记录人", max_length=64, blank=True)
    withdrawn_because = models.CharField("撤回说明", max_length=200, blank=True)

    class Meta:
        ordering = ["-given_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person_id__isnull=False, institution_id__isnull=True)
                | Q(person_id__isnull=True, institution_id__isnull=False),
                name="consent_of_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(basis__in=Basis.values, way__in=Way.values), name="consent_kinds_known"
            ),
            models.UniqueConstraint(
                fields=["person_id", "purpose"],
                condition=Q(withdrawn_at__isnull=True, person_id__isnull=False),
                name="consent_person_once",
            ),
            models.UniqueConstraint(
                fields=["institution_id", "purpose"],
                condition=Q(withdrawn_at__isnull=True, institution_id__isnull=False),
                name="consent_institution_once",
            ),
        ]

    @property
    def subject(self) -> tuple[str, int]:
        if self.person_id is not None:
            return "person", self.person_id
        return "institution", self.institution_id or 0


class Notice(Scoped):
    """A warning that something will be anonymised or deleted, what was said to it, what was done.

    One is open at most for each thing; it is closed by being carried out or by the thing being in
    use again.
    """

    # The handler's name and the thing's key (`retention.Handler`).
    what = models.CharField("类别", max_length=40)
    thing = models.CharField(max_length=40)
    # The pack's rule, and the last day of use that it counts from.
    rule = models.CharField(max_length=40)
    since = models.DateField("最后使用日期")
    ends_on = models.DateField("保存期满")
    warned_on = models.DateField("提醒日期")
    due_on = models.DateField("处理日期")
    held_until = models.DateField("保留到", null=True)
    held_because = models.CharField("保留原因", max_length=200, blank=True)
    held_by = models.CharField("保留人", max_length=64, blank=True)
    closed_on = models.DateField("办结日期", null=True)
    outcome = models.CharField("结果", max_length=10, blank=True)

    class Meta:
        ordering = ["due_on", "what", "id"]
        indexes = [models.Index(fields=["unit_path", "due_on"], name="notice_area_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["what", "thing"],
                condition=Q(closed_on__isnull=True),
                name="notice_one_open",
            ),
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | ~Q(held_because=""),
                name="notice_held_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True, outcome="")
                | Q(closed_on__isnull=False, outcome__in=("anonymise", "delete", "in_use")),
                name="notice_closed_with_an_outcome",
            ),
        ]
