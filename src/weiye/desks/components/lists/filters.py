"""What a list can be narrowed by. Each reads its own parameters and ignores what it cannot use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django.db.models import QuerySet
from django.http import QueryDict

from ..params import typed, whole_number

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Active:
    """A narrowing in force: its words, and the parameters that would lift it."""

    text: str
    keys: tuple[str, ...]


class Filter(Protocol):
    kind: ClassVar[str]

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        """Return the narrowed rows, the narrowing in words, and a complaint in Chinese or ''."""
        ...

    def field(self, params: QueryDict) -> dict[str, Any]:
        """What the template needs to draw it with the present value."""
        ...


@dataclass(frozen=True)
class Search:
    """Free text. ``apply`` may raise ValueError with a sentence for the person who searched."""

    kind: ClassVar[str] = "search"
    label: str
    apply: Callable[[Rows, str], Rows]
    placeholder: str = ""
    key: str = "q"

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        text = typed(params, self.key)
        if not text:
            return rows, None, ""
        try:
            return self.apply(rows, text), Active(f"搜索“{text}”", (self.key,)), ""
        except ValueError as error:
            return rows.none(), None, str(error)

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {"value": typed(params, self.key)}


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    kind: ClassVar[str] = "choice"
    key: str
    label: str
    choices: Sequence[tuple[str, str]]
    apply: Callable[[Rows, str], Rows]
    any_label: str = "全部"
    # Reached by links alone: no field of its own, but shown and lifted like the others.
    hidden: bool = False

    def _value(self, params: QueryDict) -> str:
        value = params.get(self.key, "")
        return value if value in dict(self.choices) else ""

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        value = self._value(params)
        if not value:
            return rows, None, ""
        text = f"{self.label}：{dict(self.choices)[value]}"
        return self.apply(rows, value), Active(text, (self.key,)), ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {
            "kind": "hidden" if self.hidden else self.kind,
            "value": self._value(params),
            "choices": self.choices,
            "any": self.any_label,
        }


@dataclass(frozen=True)
class Flag:
    """Only rows that have something."""

    kind: ClassVar[str] = "flag"
    key: str
    label: str
    apply: Callable[[Rows], Rows]

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        if params.get(self.key) != "1":
            return rows, None, ""
        return self.apply(rows), Active(self.label, (self.key,)), ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {"value": params.get(self.key) == "1"}


@dataclass(frozen=True)
class Range:
    """Whole numbers from … to …, bounds included; either may be missing."""

    kind: ClassVar[str] = "range"
    key: str
    label: str
    apply: Callable[[Rows, int | None, int | None], Rows]
    unit: str = ""
    lowest: int = 0
    highest: int = 150

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        bounds: list[int | None] = []
        for end in ("from", "to"):
            text = params.get(f"{self.key}_{end}", "").strip()
            if not text:
                bounds.append(None)
                continue
            bound = whole_number(text)
            if bound is None or not self.lowest <= bound <= self.highest:
                return rows, None, f"{self.label}请填{self.lowest}到{self.highest}之间的整数。"
            bounds.append(bound)
        low, high = bounds
        if low is None and high is None:
            return rows, None, ""
        if low is not None and high is not None and low > high:
            return rows, None, f"{self.label}的起点比终点大，请对调。"
        words = f"{'' if low is None else low}–{'' if high is None else high}{self.unit}"
        active = Active(f"{self.label}：{words}", (f"{self.key}_from", f"{self.key}_to"))
        return self.apply(rows, low, high), active, ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {
            "low": typed(params, f"{self.key}_from", 6),
            "high": typed(params, f"{self.key}_to", 6),
        }
