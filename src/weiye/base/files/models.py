import io
import uuid
from functools import lru_cache

from django.db import models

from weiye.base.privacy.fields import SealedBytesField
from weiye.base.scope.models import RightfulQuerySet, Scoped

#: Plain bytes of a part: a file is stored, and read, this much at a time.
PART_BYTES = 4 * 1024 * 1024


class StoredFile(Scoped):
    """A file, SM4-encrypted: in ``content`` what fits into one part, else in its parts."""

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
        if self._in_parts:
            return self.open().read()
        return content_column().unseal(self.content)

    def open(self) -> io.BufferedIOBase:
        """The plain content to read from anywhere, a few parts of it in memory at a time."""
        if self._in_parts:
            return io.BufferedReader(_Parts(self), 1 << 16)
        return io.BytesIO(self.read())

    @property
    def _in_parts(self) -> bool:
        """Large files of before there were parts lie whole in ``content``."""
        return self.size > PART_BYTES > len(self.content)


class FilePart(Scoped):
    """One piece of a large file."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = SealedBytesField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="file_part_number")]


class _Parts(io.RawIOBase):
    """A large file of which two parts are in memory: a reader of archives jumps to and fro."""

    def __init__(self, file: StoredFile) -> None:
        super().__init__()
        self._file, self._at = file, 0
        self._part = lru_cache(maxsize=2)(self._read_part)

    def _read_part(self, number: int) -> bytes:
        rows = FilePart.objects.filter(file=self._file, number=number)
        return part_column().unseal(rows.values_list("content", flat=True).get())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._file.size:
            return 0
        part = self._part(self._at // PART_BYTES)
        begin = self._at % PART_BYTES
        piece = part[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at


def content_column() -> SealedBytesField:
    column = StoredFile._meta.get_field("content")
    assert isinstance(column, SealedBytesField)
    return column


def part_column() -> SealedBytesField:
    column = FilePart._meta.get_field("content")
    assert isinstance(column, SealedBytesField)
    return column
