"""Encryption at rest: standard vectors, tampering, and what the table really holds."""

import json
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.world import A
from weiye.base.privacy.fields import (
    Undecipherable,
    blind_index,
    decrypt,
    encrypt,
    encrypted_fields,
)
from weiye.base.privacy.keyring import KeyTrouble, parse, ring
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

PLACE = "people_person.phone"
OLD, NEW = "0a" * 32, "0b" * 32


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
    stored = encrypt(data, PLACE)
    assert decrypt(stored, PLACE) == data
    assert encrypt(data, PLACE) != stored  # another nonce each time


@given(st.binary(min_size=1, max_size=40), st.data())
def test_any_altered_byte_is_noticed(data: bytes, draw: st.DataObject) -> None:
    stored = bytearray(encrypt(data, PLACE))
    where = draw.draw(st.integers(0, len(stored) - 1))
    stored[where] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(Undecipherable):
        decrypt(bytes(stored), PLACE)


def test_a_value_moved_into_another_column_does_not_decrypt() -> None:
    stored = encrypt(b"370000", PLACE)
    with pytest.raises(Undecipherable):
        decrypt(stored, "people_person.address")
    with pytest.raises(Undecipherable):
        decrypt(stored, "people_household.phone")


def _first_form(data: bytes, material: bytes) -> bytes:
    """As values were stored before they named their key and place."""
    nonce = os.urandom(12)
    made = Cipher(algorithms.SM4(material[:16]), modes.GCM(nonce)).encryptor()
    return b"\x01" + nonce + made.update(data) + made.finalize() + made.tag


@given(st.binary(max_size=200))
def test_values_of_the_first_form_are_read(data: bytes) -> None:
    stored = _first_form(data, ring("field").active.material)
    assert decrypt(stored, PLACE) == data
    with pytest.raises(Undecipherable):
        decrypt(stored[:-1] + bytes([stored[-1] ^ 1]), PLACE)


def test_older_keys_of_the_ring_are_read_and_the_first_one_writes(settings) -> None:
    settings.FIELD_KEYS = OLD
    before, first = encrypt(b"x", PLACE), _first_form(b"y", bytes.fromhex(OLD))
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    after = encrypt(b"x", PLACE)
    assert decrypt(before, PLACE) == decrypt(after, PLACE) == b"x"
    assert decrypt(first, PLACE) == b"y"
    settings.FIELD_KEYS = NEW
    assert decrypt(after, PLACE) == b"x"
    for stored in (before, first):
        with pytest.raises(Undecipherable, match="ring"):
            decrypt(stored, PLACE)


def test_the_secrets_file_is_read_again_when_a_value_names_an_unknown_key(
    settings, tmp_path
) -> None:
    settings.FIELD_KEYS, settings.SECRETS_FILE = "", tmp_path / "secrets.json"
    settings.SECRETS_FILE.write_text(json.dumps({"field_key": OLD}))
    assert ring("field").active.material.hex() == OLD
    settings.FIELD_KEYS = NEW
    stored = encrypt(b"x", PLACE)
    settings.FIELD_KEYS = ""
    settings.SECRETS_FILE.write_text(json.dumps({"field_key": f"{OLD},+{NEW}"}))
    assert decrypt(stored, PLACE) == b"x"
    assert ring("field").active.material.hex() == OLD


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ab" * 15, "key 1 has 30 hexadecimal digits"),
        ("zz" * 16, "key 1 is not hexadecimal"),
        (f"{'ab' * 16},", "key 2 has 0"),
        (f"{'ab' * 16},{'ab' * 16}", "same key twice"),
    ],
)
def test_what_cannot_be_a_key_is_said_without_the_key(settings, text: str, said: str) -> None:
    settings.FIELD_KEYS = text
    with pytest.raises(KeyTrouble, match=said) as caught:
        encrypt(b"x", PLACE)
    assert "WEIYE_FIELD_KEYS" in str(caught.value)
    assert "abab" not in str(caught.value)
    assert "zz" not in str(caught.value)


def test_a_key_is_not_shown() -> None:
    assert OLD not in repr(parse(OLD, "X"))


def test_every_encrypted_column_is_found() -> None:
    assert {"people_person.id_number", "people_household.address", "files_storedfile.content"} <= {
        column.place for column in encrypted_fields()
    }


def test_the_index_ignores_width_and_case() -> None:
    assert blind_index("37990119900101123x") == blind_index("３７９９０１19900101123X ")
    assert blind_index("379901199001011230") != blind_index("379901199001011231")


def test_a_missing_key_is_said(settings, tmp_path) -> None:
    settings.FIELD_KEYS, settings.SECRETS_FILE = "", tmp_path / "none"
    with pytest.raises(KeyTrouble, match="WEIYE_FIELD_KEYS is missing"):
        encrypt(b"x", PLACE)


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
