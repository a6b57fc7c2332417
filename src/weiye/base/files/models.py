import uuid

from django.db import models

from weiye.base.privacy.fields import SealedBytesField
from weiye.base.scope.models import RightfulQuerySet, Scoped


class StoredFile(Scoped):
    """A file of at most 50 MB; ``content`` is SM4-encrypted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("文件名", max_length=255)
    content_type = models.CharField(max_length=100)
    content = SealedBytesField()
    size = models.PositiveIntegerField("大小（字节）")
    # What it takes to see it: a file holds as much as the page that it came from.
    right = models.CharField("所需权限", max_length=40)
    account_id = models.BigIntegerField("账号", null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RightfulQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-created_at", "id"]

    def read(self) -> bytes:
        """The plain content. Raises `Undecipherable` if it was altered."""
        return content_column().unseal(self.content)


def content_column() -> SealedBytesField:
    column = StoredFile._meta.get_field("content")
    assert isinstance(column, SealedBytesField)
    return column
