"""Invented records for the tests of linkage."""

from __future__ import annotations

from typing import Any

import polars as pl

from weiye.engine.linkage import RECORDS

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(birth: str = "19900101", tail: int = 12, area: str = "379901") -> str:
    """A valid ID number, worked out here from GB 11643."""
    body = f"{area}{birth}{tail:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """A table with RECORDS' columns; rows without an id are numbered from 1."""
    full = [{"id": str(at)} | row for at, row in enumerate(rows, start=1)]
    return pl.DataFrame(
        {column.name: [row.get(column.name) for row in full] for column in RECORDS},
        schema={column.name: column.dtype for column in RECORDS},
    )


def person(at: int, **other: Any) -> dict[str, Any]:
    """Somebody unlike everybody else, complete."""
    surname = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"[at % 20]
    given = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉萍红玲建国"
    birth = f"{1950 + at * 7 % 50}-{at % 12 + 1:02}-{at * 5 % 28 + 1:02}"
    return {
        "name": surname + given[at * 11 % 30] + given[at * 17 % 29],
        "id_number": number(birth.replace("-", ""), at % 1000),
        "birth_date": birth,
        "sex": "男" if at % 1000 % 2 else "女",
        "phone": str(20_000_000_000 + at * 7919),
        "address": f"幸福小区{at % 30 + 1}号楼{at % 4 + 1}单元{at % 20 + 1}0{at % 3 + 1}室",
        "unit": f"379901001{at % 9 + 1:03}",
    } | other
