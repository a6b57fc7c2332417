"""What a template may ask for: the fields of a roster, and what the ledger adds to them."""

from __future__ import annotations

from collections.abc import Mapping

from ..sheets import KINDS, Choice
from ..sheets.header import plain_title

#: Beyond a roster: name → label and the headers that mean it.
ADDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "age": ("年龄", ("年龄", "周岁", "实足年龄")),
    "groups": ("所属群体", ("所属群体", "重点群体", "群体类型", "援助对象类别", "人员类别")),
    "county": ("县（市、区）", ("县区", "区县", "县市区", "县(市、区)", "区市")),
    "street": ("街道（乡镇）", ("街道", "镇街", "乡镇街道", "所属街道", "街道乡镇", "乡镇")),
    "worker": ("责任人", ("责任人", "帮扶责任人", "帮扶人", "包保责任人", "网格员")),
    "file_opened": ("建档日期", ("建档日期", "建档时间", "纳入台账时间")),
    "reported_on": ("填报日期", ("填报日期", "填报时间", "统计日期")),
}
_BY_HEADER = {word.upper(): name for name, (_, words) in ADDED.items() for word in words}
#: Not written out by us: a roster brings them in, the ledger keeps them in another form.
_ONLY_IN = frozenset({"id_kind"})


def labels() -> dict[str, str]:
    """Every field that can be filled, in the order in which they are offered."""
    roster = {f.name: f.label for f in KINDS["roster"].fields if f.name not in _ONLY_IN}
    return roster | {name: label for name, (label, _) in ADDED.items()}


def proposed(choices: tuple[Choice, ...]) -> dict[int, str]:
    """Column index → field, from the headers alone."""
    offered = labels()
    found: dict[int, str] = {}
    for choice in choices:
        header = next(
            (_BY_HEADER[r] for r in map(plain_title, choice.column.parts[::-1]) if r in _BY_HEADER),
            None,
        )
        field = header or choice.field
        if field in offered and field not in found.values():
            found[choice.column.index] = field
    return found
