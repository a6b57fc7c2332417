"""Encryption at rest: SM4-GCM per value, and an SM3-HMAC index for exact search.

Stored form: one version byte, 12 bytes nonce, ciphertext with 16 bytes tag. GB/T 32907 (SM4),
GB/T 32905 (SM3). GB/T 39786 asks for both.
"""

import os
import unicodedata
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.db import models

VERSION = b"\x01"
_NONCE, _TAG = 12, 16


class Undecipherable(Exception):
    """The stored value was altered, or the key is not the one it was written with."""


def _key(name: str) -> bytes:
    value = getattr(settings, name, "")
    if len(value) < 32:
        raise Undecipherable(f"{name} is missing: start through ./weiye, or set the environment")
    return bytes.fromhex(value)


def encrypt(data: bytes) -> bytes:
    """Encrypt and authenticate ``data`` under the field key."""
    nonce = os.urandom(_NONCE)
    encryptor = Cipher(algorithms.SM4(_key("FIELD_KEY")[:16]), modes.GCM(nonce)).encryptor()
    body = encryptor.update(data) + encryptor.finalize()
    return VERSION + nonce + body + encryptor.tag


def decrypt(stored: bytes) -> bytes:
    """Return what `encrypt` was given. Raises `Undecipherable` if anything was altered."""
    if stored[:1] != VERSION or len(stored) < 1 + _NONCE + _TAG:
        raise Undecipherable("not a value of this format")
    nonce, body, tag = stored[1 : 1 + _NONCE], stored[1 + _NONCE : -_TAG], stored[-_TAG:]
    decryptor = Cipher(algorithms.SM4(_key("FIELD_KEY")[:16]), modes.GCM(nonce, tag)).decryptor()
    try:
        return decryptor.update(body) + decryptor.finalize()
    except Exception as error:  # InvalidTag has no public base class
        raise Undecipherable("the value was altered or the key is another one") from error


def blind_index(value: str) -> str:
    """64 hex characters by which an encrypted value is found again, exact matches only."""
    tag = hmac.HMAC(_key("INDEX_KEY"), hashes.SM3())
    tag.update(unicodedata.normalize("NFKC", value).strip().upper().encode())
    return tag.finalize().hex()


if TYPE_CHECKING:
    _Bytes = models.BinaryField[str, str]
else:
    _Bytes = models.BinaryField  # fields cannot be subscripted while running


class EncryptedTextField(_Bytes):
    """Text that the database holds encrypted. Empty text is stored as NULL."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["null"] = True
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(str(value).encode()) if value else None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        return None if value is None else connection.Database.Binary(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str:
        return "" if value is None else decrypt(bytes(value)).decode()

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("an encrypted field is not serialised")
