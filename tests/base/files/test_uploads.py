"""Uploads: what arrives is what is read, and the disk never holds it in clear."""

import io
import os
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from weiye.base.files import uploads
from weiye.base.files.uploads import SealedFile

PLAIN = b"379901199001011234," * 9000


def on_disk(file: SealedFile) -> bytes:
    return os.pread(file._file.fileno(), 1 << 26, 0)


@given(
    st.lists(st.binary(max_size=200), max_size=8),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 400)), max_size=8),
)
def test_any_place_reads_as_it_was_written(
    parts: list[bytes], reads: list[tuple[int, int]]
) -> None:
    whole = b"".join(parts)
    with SealedFile() as file:
        for part in parts:
            assert file.write(part) == len(part)
        assert file.size == len(whole)
        for at, length in reads:
            file.seek(at)
            assert file.read(length) == whole[at : at + length]
        file.seek(-len(whole), os.SEEK_END)
        assert file.readall() == whole


def test_the_disk_holds_noise_under_a_key_of_its_own() -> None:
    found = []
    for _ in range(2):
        with SealedFile() as file:
            file.write(PLAIN)
            found.append(on_disk(file))
    assert len(found[0]) == len(PLAIN)
    assert found[0] != found[1]
    for raw in found:
        assert b"37990119900101" not in raw
        # Hardly compressible: no pattern of the repeated number is left.
        import zlib

        assert len(zlib.compress(raw)) > 0.99 * len(raw)


def test_the_key_stream_goes_round_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.os, "urandom", lambda n: b"\xff" * n)
    with SealedFile() as file:
        file.write(PLAIN)
        file.seek(100)
        assert file.read(50) == PLAIN[100:150]


def test_an_upload_is_only_added_to() -> None:
    with SealedFile() as file:
        file.write(b"abc")
        file.seek(1)
        with pytest.raises(io.UnsupportedOperation):
            file.write(b"x")
        with pytest.raises(OSError, match="before"):
            file.seek(-1)


def posted(content: bytes) -> Any:
    return RequestFactory().post("/", {"file": SimpleUploadedFile("名册.csv", content, "text/csv")})


@pytest.mark.requirement("ORG-2")
@pytest.mark.parametrize("most", [10, 100, 10**9])
def test_what_is_posted_is_what_the_view_reads(settings: Any, most: int) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = most
    file = posted(PLAIN).FILES["file"]
    assert (file.name, file.size, file.content_type) == ("名册.csv", len(PLAIN), "text/csv")
    sealed = isinstance(getattr(file.file, "raw", None), SealedFile)
    assert sealed == (most < len(PLAIN))
    assert b"".join(file.chunks()) == PLAIN
    file.seek(0)
    assert file.read() == PLAIN
    file.seek(5)
    assert file.read(10) == PLAIN[5:15]


def test_stopped_at_the_limit_and_said(settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1000
    request = posted(PLAIN)
    assert not request.FILES
    assert request.upload_too_large


def test_two_files_count_together(settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1500
    request = RequestFactory().post(
        "/", {"a": SimpleUploadedFile("a", b"x" * 1000), "b": SimpleUploadedFile("b", b"x" * 1000)}
    )
    assert list(request.FILES) == ["a"]
    assert request.upload_too_large


def test_an_empty_file_is_a_file(settings: Any) -> None:
    assert posted(b"").FILES["file"].read() == b""
