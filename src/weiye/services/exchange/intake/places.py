"""Communities and buildings by what senders write."""

from __future__ import annotations

import re
from collections import defaultdict

from weiye.base.regions.models import Level, Unit

_SUFFIX = re.compile(
    r"(?:社区居民委员会|社区居委会|社区村委会|村民委员会|居民委员会|村委会|居委会|社区|村)$"
)
_BUILDING = re.compile(r"(?:第)?([0-9]{1,4})(?:号楼|号?栋|号?幢|#楼?|楼(?!层|[0-9]))")
_LANE = re.compile(r"第?([0-9]{1,3})巷")


class Communities:
    """The communities at or below one unit, by code or name."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        here = Unit.objects.open().below(unit.path)
        self.all = {u.pk: u for u in here.filter(level=Level.COMMUNITY)}
        if unit.level == Level.COMMUNITY:
            self.all = {unit.pk: unit}
        self._by_text: dict[str, list[Unit]] = defaultdict(list)
        for community in self.all.values():
            for text in {community.code, community.name, plain(community.name)}:
                self._by_text[text].append(community)
        self._known: dict[str, Unit | str] = {}

    @property
    def only(self) -> Unit | None:
        """The one community, where the import's unit is one."""
        return self.unit if self.unit.level == Level.COMMUNITY else None

    def find(self, text: str) -> Unit | str:
        """The community, or a sentence why there is none."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> Unit | str:
        found = self._by_text.get(text) or self._by_text.get(plain(text)) or []
        if not found:
            # The name with its street before it: 竹岛街道望岛社区.
            found = [u for u in self.all.values() if text.endswith(u.name)]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            return f"社区“{text}”有{len(found)}个同名的，请填写12位社区代码"
        if self.only is not None:
            return f"社区“{text}”不是本次导入的{self.only.name}，请核对"
        return f"{self.unit.name}下没有社区“{text}”，请填写社区全名或12位代码"


def plain(name: str) -> str:
    """A community's name without what offices add to it.

    >>> plain("望岛社区居委会")
    '望岛'
    """
    return _SUFFIX.sub("", name) or name


class Buildings:
    """Grids and buildings of communities, by what an address says."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, list[Unit]]] = {}

    def find(self, community: Unit, building: str, address: str) -> Unit | None:
        """The one building that the text names and that is known, else None."""
        key = building_key(building) or building_key(address)
        if not key:
            return None
        if community.pk not in self._of:
            known: dict[str, list[Unit]] = defaultdict(list)
            for unit in Unit.objects.open().below(community.path).filter(level=Level.BUILDING):
                known[building_key(unit.name)].append(unit)
            self._of[community.pk] = known
        candidates = self._of[community.pk].get(key, [])
        if len(candidates) > 1:
            # Two estates with a building 3: the name decides, else nothing is known.
            text = building + address
            candidates = [u for u in candidates if u.name in text and u.name != key]
        return candidates[0] if len(candidates) == 1 else None


def building_key(text: str) -> str:
    """The building that a text names, in one spelling.

    >>> building_key("幸福里3栋2单元501室"), building_key("3#楼"), building_key("第2巷5号")
    ('3号楼', '3号楼', '2巷')
    """
    if not text:
        return ""
    if match := _BUILDING.search(text):
        return f"{int(match.group(1))}号楼"
    if match := _LANE.search(text):
        return f"{int(match.group(1))}巷"
    if text.isdigit() and len(text) <= 3:
        return f"{int(text)}号楼"
    return ""


class Counties:
    """Counties by what a 户籍地 says: a 12-digit code, or the county's official name in it."""

    def __init__(self) -> None:
        self._names: list[tuple[str, str, str]] | None = None
        self._known: dict[str, str | None] = {}

    def find(self, text: str) -> str | None:
        """The 12-digit code, or None: unknown is never guessed."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> str | None:
        if re.fullmatch(r"[1-9][0-9]{11}", text):
            return text
        if self._names is None:
            rows = Unit.objects.open().filter(level=Level.COUNTY).select_related("parent")
            self._names = [(u.name, u.parent.name if u.parent else "", u.code) for u in rows]
        found = [(city, code) for name, city, code in self._names if name in text]
        if len(found) > 1:
            found = [(city, code) for city, code in found if city and city in text]
        return found[0][1] if len(found) == 1 else None
