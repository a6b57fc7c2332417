"""中华人民共和国职业分类大典（2022年版）: codes and names of all four levels.

``names.csv``: the classification's 8 大类, its 中类, 小类 and 细类 (occupations), code and name.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType


@cache
def names() -> Mapping[str, str]:
    """Code in four segments (``4-10-01-05``, ``4-10-00-00``) → name.

    >>> names()["4-10-01-05"]
    '养老护理员'
    """
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: row["name"] for row in csv.DictReader(file)})


def name_of(code: str) -> str:
    """The name of a code of any level, ``4-10`` as ``4-10-00-00``; '' for an unknown one.

    >>> name_of("4-10")
    '居民服务人员'
    """
    return names().get("-".join([*code.strip().split("-"), "00", "00", "00"][:4]), "")
