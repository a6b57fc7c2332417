from django.conf import settings
from django.db import models

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.scope.models import Scoped


class Own(Scoped):
    """A row of one account and nobody else: no unit above reads or changes it."""

    fence_read = "own"
    fence_account = "account_id"

    # ``unit_path`` is where the account worked when it wrote the row; it gives nobody any right.
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    class Meta:
        abstract = True


class Draft(Own):
    """What was typed into one form and not yet sent."""

    form = models.CharField("表单", max_length=90)
    # {field: [values]} as JSON.
    content = EncryptedTextField("内容")
    saved_at = models.DateTimeField("保存时间")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "form"], name="draft_once_per_form")
        ]


class Preference(Own):
    """How an account likes its pages: the columns of a list, and the like. No personal data."""

    key = models.CharField("项目", max_length=90)
    value = models.JSONField("值")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="preference_once_per_key")
        ]
