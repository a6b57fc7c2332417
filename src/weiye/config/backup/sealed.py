"""The form of a backup file: frames of SM4-GCM, so that any change to it is noticed.

``weiye backup 1\\n``, 8 bytes key id, 16 bytes salt, then frames: one byte kind, four bytes length,
ciphertext with tag. The file's key is derived from the backup key and the salt (HKDF with SM3), the
nonce of a frame is its number and kind: a frame that is altered, left out, moved or comes from
another file does not open. The last frame is of the kind END: without it the file is cut off.
GB/T 32907 (SM4), GB/T 32905 (SM3), as GB/T 39786 asks for data at rest.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"weiye backup 1\n"
CHUNK = 1 << 20
_ID, _SALT, _TAG = 8, 16, 16
_HEAD = 5
MANIFEST, DATA, END = b"M", b"D", b"E"
_ORDER = {MANIFEST: 0, DATA: 1, END: 2}


class Damaged(Exception):
    """The file is no whole backup of ours; one sentence for the operator."""


def key_id(key: bytes) -> bytes:
    """8 bytes that tell which backup key, and nothing of it."""
    tag = hmac.HMAC(key, hashes.SM3())
    tag.update(b"weiye: backup key id")
    return tag.finalize()[:_ID]


class _Frames:
    def __init__(self, key: bytes, salt: bytes) -> None:
        self.head = MAGIC + key_id(key) + salt
        self._key = HKDF(hashes.SM3(), 16, salt, b"weiye: backup file").derive(key)
        self._number = 0

    def next_cipher(self, kind: bytes, tag: bytes | None = None) -> Cipher[modes.GCM]:
        nonce = self._number.to_bytes(8, "big") + b"\0\0\0" + kind
        self._number += 1
        return Cipher(algorithms.SM4(self._key), modes.GCM(nonce, tag))


class Writer:
    """Writes frames to an open file. `end` must be called, or the file is cut off for readers."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._frames = _Frames(key, os.urandom(_SALT))
        file.write(self._frames.head)

    def frame(self, kind: bytes, content: bytes) -> None:
        encryptor = self._frames.next_cipher(kind).encryptor()
        encryptor.authenticate_additional_data(self._frames.head)
        body = encryptor.update(content) + encryptor.finalize() + encryptor.tag
        self._file.write(kind + len(body).to_bytes(4, "big") + body)

    def end(self, content: bytes) -> None:
        self.frame(END, content)
        self._file.flush()
        os.fsync(self._file.fileno())


def read(path: Path, key: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The frames (kind, content), one manifest first, the end last; at most 1 MiB in memory.

    Raises `Damaged` at the first frame that is not what was written; what came before is genuine.
    """
    with path.open("rb") as file:
        head = file.read(len(MAGIC) + _ID + _SALT)
        if not head.startswith(MAGIC[:13]) or len(head) < len(MAGIC) + _ID + _SALT:
            raise Damaged(f"{path} is no backup of Weiye, or its beginning is missing.")
        if not head.startswith(MAGIC):
            raise Damaged(
                f"{path} was made by a newer release in a form that this one cannot read."
            )
        if head[len(MAGIC) : -_SALT] != key_id(key):
            raise Damaged(
                f"{path} was made under another backup key. Name the right one with --key-file or "
                "WEIYE_BACKUP_KEY."
            )
        frames = _Frames(key, head[-_SALT:])
        at = -1
        while True:
            start = file.read(_HEAD)
            if len(start) < _HEAD:
                raise Damaged(f"{path} is cut off: its end is missing.")
            kind, length = start[:1], int.from_bytes(start[1:], "big")
            step = _ORDER.get(kind, -1)
            if step < at or length < _TAG or length > 64 * CHUNK or (at < 0 and step != 0):
                raise Damaged(f"{path} was altered.")
            body = file.read(length)
            if len(body) < length:
                raise Damaged(f"{path} is cut off: its end is missing.")
            decryptor = frames.next_cipher(kind, body[-_TAG:]).decryptor()
            decryptor.authenticate_additional_data(frames.head)
            content = decryptor.update(body[:-_TAG])
            try:
                content += decryptor.finalize()
            except InvalidTag:
                raise Damaged(f"{path} was altered.") from None
            at = step
            yield kind, content
            if kind == END:
                if file.read(1):
                    raise Damaged(f"{path} was altered: something follows its end.")
                return
