"""Uploads are encrypted while they arrive, and stopped at the limit, not after.

A small one stays in memory; a larger one goes to a temporary file that has no name, under a key
that is made for it and known to this process alone, so that what is left on the disk after a crash
is noise (PIPL §51: encryption).
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

_BLOCK = 16


def upload_limit(path: str) -> int:
    """Most bytes that a request to this path may bring."""
    limits: dict[str, int] = settings.UPLOAD_LIMITS
    return limits.get(path, settings.UPLOAD_LIMIT_BYTES)


class SealedFile(io.RawIOBase):
    """A temporary file of which the disk sees SM4 alone; read anywhere, written at its end.

    SM4-CTR: any place can be read without what is before it. Nobody else can write the file (it has
    no name), so that nothing is authenticated.
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed with us)
        self._key, self._start = os.urandom(16), int.from_bytes(os.urandom(_BLOCK))
        self._size = self._at = 0
        self._encryptor = self._context(0)

    def _context(self, at: int) -> CipherContext:
        """A key stream that begins at a byte of the file."""
        counter = (self._start + at // _BLOCK) % (1 << 8 * _BLOCK)
        cipher = Cipher(algorithms.SM4(self._key), modes.CTR(counter.to_bytes(_BLOCK)))
        stream = cipher.encryptor()
        stream.update(bytes(at % _BLOCK))
        return stream

    @property
    def size(self) -> int:
        return self._size

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._at != self._size:
            raise io.UnsupportedOperation("an upload is only ever added to")
        sealed = memoryview(self._encryptor.update(bytes(data)))
        os.lseek(self._file.fileno(), self._size, os.SEEK_SET)
        written = 0
        while written < len(sealed):
            written += os.write(self._file.fileno(), sealed[written:])
        self._size += written
        self._at = self._size
        return written

    def readinto(self, buffer: Any) -> int:
        sealed = os.pread(self._file.fileno(), len(buffer), self._at)
        plain = self._context(self._at).update(sealed)
        buffer[: len(plain)] = plain
        self._at += len(plain)
        return len(plain)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._file.close()
        super().close()


class SealedUploadHandler(FileUploadHandler):
    """Keeps one upload in memory up to ``FILE_UPLOAD_MAX_MEMORY_SIZE``, then sealed on the disk.

    Announced sizes are refused earlier, by ``config.middleware.UploadLimit``; the limit here holds
    for bodies of unknown length. ``request.upload_too_large`` tells the view, which answers in
    plain words.
    """

    # Of all files of a request together.
    _received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._target: io.BytesIO | SealedFile = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > upload_limit(self.request.path if self.request else ""):
            self.upload_interrupted()
            if self.request is not None:
                self.request.upload_too_large = True  # type: ignore[attr-defined]
            # Closing the connection spares everybody the rest.
            raise StopUpload(connection_reset=True)
        held = self._target
        if (
            isinstance(held, io.BytesIO)
            and held.tell() + len(raw_data) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        ):
            self._target = SealedFile()
            self._target.write(held.getbuffer())
            held.close()
        self._target.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        self._target.seek(0)
        raw = self._target
        # Small reads do not start the cipher each time.
        file = io.BufferedReader(raw, 1 << 16) if isinstance(raw, SealedFile) else raw
        return UploadedFile(
            file=file,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        if hasattr(self, "_target"):
            self._target.close()
