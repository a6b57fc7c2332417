"""A file of changed official codes: tried out first, then applied; good rows only.

One row per unit as it is to be: 代码, 名称, 城乡分类代码, and in 原代码 what it came from. From
that follows what happens: another name or class, a new unit, another code or place (one 原代码), a
split (one 原代码 in several rows), a merger (several 原代码 in one row); 变更 = 撤销 closes a unit.
"""

from .applying import import_changes
from .sheet import CHANGES, Judged, Sheet, read_changes

__all__ = ["CHANGES", "Judged", "Sheet", "import_changes", "read_changes"]
