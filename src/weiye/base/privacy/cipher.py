"""Encryption at rest: SM4-GCM, bound to the column that holds the value; SM3-HMAC to find it again.

Stored form 2: ``02``, 4 bytes key id, 12 bytes nonce, ciphertext, 16 bytes tag. The place
(``table.column``) and the key id are authenticated with it: a value copied into another column does
not decrypt. Form 1 (``01``, nonce, ciphertext, tag; neither place nor key id) is still read.
GB/T 32907 (SM4), GB/T 32905 (SM3); GB/T 39786 asks for both.
"""

import os
import unicodedata
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .keyring import Key, Ring, ring, sm3_hmac

VERSION = b"\x02"
FIRST_VERSION = b"\x01"
_KEY_ID, _NONCE, _TAG = 4, 12, 16
_HEAD = 1 + _KEY_ID


_first_form_ended = False


class Undecipherable(Exception):
    """The stored value was altered or moved, or its key is not on the ring."""


def encrypt(data: bytes, place: str) -> bytes:
    """Encrypt and authenticate ``data`` for one place (``table.column``) under the active key."""
    key = ring("field").active
    nonce = os.urandom(_NONCE)
    head = VERSION + key.id
    encryptor = Cipher(algorithms.SM4(key.sm4), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(head + place.encode())
    body = encryptor.update(data) + encryptor.finalize()
    return head + nonce + body + encryptor.tag


def decrypt(stored: bytes, place: str) -> bytes:
    """What `encrypt` was given. Raises `Undecipherable` if anything was altered or moved."""
    if stored[:1] == VERSION and len(stored) >= _HEAD + _NONCE + _TAG:
        key_id = stored[1:_HEAD]
        key = ring("field").by_id(key_id) or ring("field", fresh=True).by_id(key_id)
        if key is None:
            raise Undecipherable(f"the key {key_id.hex()} of a value is not on the ring")
        return _opened(key.sm4, stored[_HEAD:], stored[:_HEAD] + place.encode())
    if stored[:1] == FIRST_VERSION and _first_form_ended:
        raise Undecipherable("a value of the first form, of which this installation has none left")
    if stored[:1] == FIRST_VERSION and len(stored) >= 1 + _NONCE + _TAG:
        for sm4 in _first_keys(ring("field")):
            try:
                return _opened(sm4, stored[1:], None)
            except Undecipherable:
                continue
        raise Undecipherable("the value was altered or its key is not on the ring")
    raise Undecipherable("not a value of this format")


def refuse_first_form(ended: bool) -> None:
    """Whether this program takes values of form 1 for moved in from elsewhere."""
    global _first_form_ended
    _first_form_ended = ended


def _opened(sm4: bytes, rest: bytes, bound: bytes | None) -> bytes:
    nonce, body, tag = rest[:_NONCE], rest[_NONCE:-_TAG], rest[-_TAG:]
    decryptor = Cipher(algorithms.SM4(sm4), modes.GCM(nonce, tag)).decryptor()
    if bound is not None:
        decryptor.authenticate_additional_data(bound)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise Undecipherable("the value was altered, moved, or the key is another one") from None


def _first_keys(keys: Ring) -> Iterator[bytes]:
    return (key.material[:16] for key in keys.keys)


def head_of(key: Key) -> bytes:
    """How every stored value under a key begins."""
    return VERSION + key.id


def blind_index(value: str) -> str:
    """64 hex characters under which an encrypted value is stored to be found, whole values only."""
    return blind_index_of(ring("index").active, value)


def blind_indexes(value: str) -> list[str]:
    """All indexes under which a value may be stored, the active one first: search for these."""
    return [blind_index_of(key, value) for key in ring("index").keys]


def blind_index_next(value: str) -> str | None:
    """The index under the key that a rotation moves to; None while there is no rotation."""
    target = ring("index").target
    return blind_index_of(target, value) if target is not None and value else None


def blind_index_of(key: Key, value: str) -> str:
    """The index of a value under one key."""
    plain = unicodedata.normalize("NFKC", value).strip().upper().encode()
    return sm3_hmac(key.material, plain).hex()
