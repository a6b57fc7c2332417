"""Batches as the database or the second sink tells them."""

import base64
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..canonical import FORMS, SIZE, digest_of, mark_size


@dataclass
class Batch:
    """A batch as the database or the sink tells it."""

    head: dict[str, Any]
    ids: list[int]
    leaves: bytes
    marks: bytes
    digest: bytes

    @property
    def number(self) -> int:
        return int(self.head["batch"])

    @property
    def previous(self) -> bytes:
        return bytes.fromhex(self.head["previous"])

    @property
    def sound(self) -> bool:
        """Whether it is what its own digest covers."""
        whole = len(self.ids) == self.head["count"]
        return whole and digest_of(self.head, self.ids, self.leaves, self.marks) == self.digest

    def sound_as(self, number: int) -> bool:
        head = {**self.head, "batch": number}
        return digest_of(head, self.ids, self.leaves, self.marks) == self.digest

    def leaf(self, place: int) -> bytes:
        return self.leaves[SIZE * place : SIZE * (place + 1)]

    def mark(self, place: int) -> bytes:
        size = mark_size(self.form)
        return self.marks[size * place : size * (place + 1)]

    @property
    def form(self) -> int:
        return int(self.head["form"]) if self.head["form"] in FORMS else max(FORMS)


class SinkFile:
    """The file of the second sink: where the line of each batch begins, and what is odd about it.

    A line broken off by a kill and one that came twice are named and harmless; a number that is
    missing in between, or two different lines for one batch, are not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offsets: dict[int, int] = {}
        self.notes: list[str] = []
        self.faults: list[tuple[int, str]] = []
        digests: dict[int, str] = {}
        with path.open("rb") as file:
            offset = 0
            for place, text in enumerate(file, start=1):
                kept = _parsed(text)
                if kept is None:
                    if text.strip():
                        self.notes.append(f"库外备份第{place}行不完整（写到一半被中断），已跳过")
                elif kept.number in self.offsets:
                    if digests[kept.number] == kept.digest.hex():
                        self.notes.append(f"库外备份第{place}行重复了第{kept.number}批")
                    else:
                        words = f"库外备份里第{kept.number}批有两行，内容不同"
                        self.faults.append((kept.number, words))
                elif not kept.sound:
                    words = f"库外备份第{place}行（第{kept.number}批）被改过，和它的摘要不符"
                    self.faults.append((kept.number, words))
                else:
                    self.offsets[kept.number] = offset
                    digests[kept.number] = kept.digest.hex()
                offset += len(text)
        ordered = sorted(self.offsets)
        for before, after in pairwise(ordered):
            if after != before + 1:
                words = f"库外备份缺第{before + 1}至{after - 1}批"
                self.faults.append((before + 1, words))
        if ordered and ordered[0] > 1:
            self.notes.append(f"库外备份从第{ordered[0]}批开始，更早的只按数据库核对")
        self.last = ordered[-1] if ordered else 0

    def numbers(self) -> list[int]:
        return sorted(self.offsets)

    def read(self, number: int) -> Batch | None:
        if number not in self.offsets:
            return None
        with self.path.open("rb") as file:
            file.seek(self.offsets[number])
            return _parsed(file.readline())


def _parsed(text: bytes) -> Batch | None:
    try:
        found = json.loads(text)
        digest = bytes.fromhex(found.pop("digest"))
        ids = [key for lo, hi in found.pop("ids") for key in range(lo, hi + 1)]
        leaves = base64.b64decode(found.pop("leaves"))
        marks = base64.b64decode(found.pop("marks"))
        return Batch(found, ids, leaves, marks, digest)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
