"""What one version of a pack changes in another: rule by rule, and line by line."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

Files = Mapping[str, str]

FILES = {
    "pack.yaml": "政策包",
    "parameters.yaml": "标准数额",
    "terms.yaml": "用语",
    "groups.yaml": "群体",
    "scopes.yaml": "适用范围",
    "quotas.yaml": "服务标准",
    "senders.yaml": "名册来源",
    "visits.yaml": "走访间隔",
    "matching.yaml": "匹配权重",
    "privacy.yaml": "数据保护",
    "surveys.yaml": "入户调查",
    "calendar.yaml": "工作日",
    "certification.yaml": "就业困难人员认定",
}
WORDS = {
    "name": "名称", "title": "名称", "text": "条文", "source": "依据", "status": "状态",
    "valid_from": "起始日期", "valid_to": "截止日期", "value": "数值", "values": "数值",
    "when": "条件式", "amount": "金额", "enabled": "启用", "clauses": "条件", "parts": "分项",
    "documents": "材料", "summary": "说明", "quote": "原文", "family": "类别",
    "since": "起算日", "region": "地区", "occasions": "次数", "months": "月数",
    "decided_by": "决定机关", "deadline": "期限", "funds": "资金渠道", "urgent": "急难顺序",
    "days": "间隔天数", "first_days": "首次天数", "group": "群体", "scope": "适用范围",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """One thing said about an item, before and after; None: it was not there."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A rule, figure or text that was added, taken out or changed."""

    kind: str
    id: str
    name: str
    change: Literal["added", "removed", "changed"]
    values: tuple[Value, ...]

    @property
    def words(self) -> str:
        return {"added": "新增", "removed": "删除", "changed": "修改"}[self.change]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: '+' added, '-' taken out, ' ' as it was, '@' where lines are left out."""

    sign: str
    text: str


def differences(before: Files, after: Files) -> list[Difference]:
    """Items that differ, in the order of the files and of the items in them."""
    old, new = dict(_items(before)), dict(_items(after))
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        values = _values(was or {}, now or {})
        if not values:
            continue
        kind, identity = key
        said = now or was or {}
        found.append(
            Difference(
                kind,
                identity,
                str(said.get("name") or said.get("title") or said.get("text") or identity),
                "added" if was is None else "removed" if now is None else "changed",
                tuple(values),
            )
        )
    return found


def lines(before: Files, after: Files, *, context: int = 3) -> list[tuple[str, list[Line]]]:
    """Files that differ, each with its lines as in a unified diff."""
    found = []
    for name in sorted({*before, *after}):
        was, now = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        if was == now:
            continue
        said = list(difflib.unified_diff(was, now, n=context, lineterm=""))[2:]
        found.append((name, [Line(text[0], text[1:]) for text in said]))
    return found


def _items(files: Files) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for name, text in files.items():
        # Scalars as written: 2023-01-01 stays a text, 1.50 keeps its zero.
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (text only)
        if name.startswith("benefits/"):
            yield ("政策", str(content.get("id", name))), content
            continue
        kind = FILES.get(name, name)
        if name == "pack.yaml":
            yield (kind, str(content.get("id", ""))), content
            continue
        for group, entries in content.items():
            if isinstance(entries, list):
                for entry in entries:
                    if isinstance(entry, dict):
                        yield (kind, str(entry.get("id", ""))), entry
                    else:
                        yield (kind, f"{group}: {entry}"), {"value": entry}
            elif isinstance(entries, dict):
                for identity, entry in entries.items():
                    yield (kind, identity), entry if isinstance(entry, dict) else {"value": entry}
            else:
                yield (kind, group), {"value": entries}


def _values(was: dict[str, Any], now: dict[str, Any]) -> list[Value]:
    old, new = dict(_flat(was)), dict(_flat(now))
    keys = [*new, *(key for key in old if key not in new)]
    return [
        Value(" · ".join(key), old.get(key), new.get(key))
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _name(entry: Any, number: int) -> str:
    """What an entry of a list is known by: its id, its first day, else its place."""
    if isinstance(entry, dict):
        if "id" in entry:
            return str(entry["id"])
        if "valid_from" in entry:
            return f"{entry['valid_from']}起"
    return f"第{number}项"


def _flat(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key != "id":
                yield from _flat(value, (*path, WORDS.get(str(key), str(key))))
    elif isinstance(content, list):
        for number, value in enumerate(content, 1):
            # Clauses by their id, so that one put in between does not change all after it.
            yield from _flat(value, (*path, _name(value, number)))
    else:
        yield path, " ".join(str(content).split())
