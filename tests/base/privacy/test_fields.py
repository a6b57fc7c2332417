"""Encryption at rest: standard vectors, tampering, and what the table really holds."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.world import A
from weiye.base.privacy.fields import Undecipherable, blind_index, decrypt, encrypt
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person


def test_sm3_and_sm4_standard_vectors() -> None:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    # GB/T 32905-2016, A.1
    assert digest.finalize().hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    block = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    # GB/T 32907-2016, A.1
    assert block.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


@given(st.binary(max_size=500))
def test_round_trip(data: bytes) -> None:
    stored = encrypt(data)
    assert decrypt(stored) == data
    assert encrypt(data) != stored  # another nonce each time


@given(st.binary(min_size=1, max_size=40), st.data())
def test_any_altered_byte_is_noticed(data: bytes, draw: st.DataObject) -> None:
    stored = bytearray(encrypt(data))
    where = draw.draw(st.integers(0, len(stored) - 1))
    stored[where] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(Undecipherable):
        decrypt(bytes(stored))


def test_the_index_ignores_width_and_case() -> None:
    assert blind_index("37990119900101123x") == blind_index("３７９９０１19900101123X ")
    assert blind_index("379901199001011230") != blind_index("379901199001011231")


def test_a_missing_key_is_said(settings: pytest.FixtureRequest) -> None:
    settings.FIELD_KEY = ""  # type: ignore[attr-defined]
    with pytest.raises(Undecipherable, match="FIELD_KEY is missing"):
        encrypt(b"x")


@pytest.mark.django_db
def test_the_table_holds_no_plain_text() -> None:
    number = "379901199001010017"
    with fence(system()):
        unit = Unit.objects.get(code=A)
        person = Person.objects.create(
            unit=unit,
            unit_path=unit.path,
            name="演示人",
            id_number=number,
            id_index=blind_index(number),
            source="t",
            as_of="2026-01-01",
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT id_number FROM people_person WHERE id = %s", [person.pk])
            raw = bytes(cursor.fetchone()[0])
        assert number.encode() not in raw
        assert Person.objects.get(pk=person.pk).id_number == number
        assert Person.objects.get(id_index=blind_index(number)).pk == person.pk
