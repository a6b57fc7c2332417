"""The file itself: whatever is done to it is noticed, at any byte."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weiye.config.backup import sealed

KEY, OTHER = b"k" * 32, b"o" * 32


def made(*chunks: bytes, key: bytes = KEY) -> bytes:
    class Kept(io.BytesIO):
        def fileno(self) -> int:
            return os.open(os.devnull, os.O_WRONLY)

    file = Kept()
    writer = sealed.Writer(file, key)
    writer.frame(sealed.MANIFEST, b"{}")
    for chunk in chunks:
        writer.frame(sealed.DATA, chunk)
    writer.end(b"end")
    return file.getvalue()


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", os.close)


def opened(path: Path, content: bytes, key: bytes = KEY) -> list[tuple[bytes, bytes]]:
    path.write_bytes(content)
    return list(sealed.read(path, key))


def test_what_was_written_is_read_and_cannot_be_seen(tmp_path: Path) -> None:
    content = made(b"secret " * 100, b"more")
    assert b"secret" not in content
    assert opened(tmp_path / "f", content) == [
        (b"M", b"{}"), (b"D", b"secret " * 100), (b"D", b"more"), (b"E", b"end"),
    ]  # fmt: skip
    assert made(b"x") != made(b"x")


def frames(content: bytes) -> tuple[bytes, list[bytes]]:
    at = len(sealed.MAGIC) + 24
    head, parts = content[:at], []
    while at < len(content):
        length = 5 + int.from_bytes(content[at + 1 : at + 5], "big")
        parts.append(content[at : at + length])
        at += length
    return head, parts


def test_frames_moved_left_out_doubled_or_of_another_file(tmp_path: Path) -> None:
    head, (m, a, b, e) = frames(made(b"a" * 50, b"b" * 50))
    _, (_, foreign, _) = frames(made(b"a" * 50))
    for parts in ([m, b, a, e], [m, a, e], [m, a, a, b, e], [m, foreign, b, e], [a, b, e],
                  [e], [m, e, a, b], [m, a, b, e, e], [m, a, e, b]):  # fmt: skip
        with pytest.raises(sealed.Damaged):
            opened(tmp_path / "f", head + b"".join(parts))
    with pytest.raises(sealed.Damaged, match="cut off"):
        opened(tmp_path / "f", head + m + a + b)


def test_another_key_is_told_apart_from_damage(tmp_path: Path) -> None:
    with pytest.raises(sealed.Damaged, match="another backup key"):
        opened(tmp_path / "f", made(b"x"), OTHER)
    with pytest.raises(sealed.Damaged, match="no backup of Weiye"):
        opened(tmp_path / "f", b"PGDMP" + bytes(100))
    with pytest.raises(sealed.Damaged, match="no backup of Weiye"):
        opened(tmp_path / "f", b"")


@settings(max_examples=300)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_byte_altered(
    tmp_path_factory: pytest.TempPathFactory, where: float, flip: int
) -> None:
    content = bytearray(made(b"a" * 40, b"b" * 3))
    at = int(where * len(content))
    content[at] ^= flip
    path = tmp_path_factory.getbasetemp() / "altered"
    with pytest.raises(sealed.Damaged):
        opened(path, bytes(content))


@settings(max_examples=100)
@given(where=st.floats(0, 1, exclude_max=True))
def test_cut_off_anywhere(tmp_path_factory: pytest.TempPathFactory, where: float) -> None:
    content = made(b"a" * 40, b"b" * 3)
    path = tmp_path_factory.getbasetemp() / "cut"
    with pytest.raises(sealed.Damaged):
        opened(path, content[: int(where * len(content))])
