"""What a list can be narrowed by. Each reads its own parameters and ignores what it cannot use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Protocol

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

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
class Concealing:
    """What keeps texts out of addresses, where browsers and proxies would remember them.

    ``conceal`` gives what may stand there instead (itself, if anything may); ``words`` tell what
    was searched for without saying it.
    """

    conceal: Callable[[str], str]
    is_concealed: Callable[[str], bool]
    words: str


@dataclass(frozen=True)
class Search:
    """Free text. ``apply`` may raise ValueError with a sentence for the person who searched.

    With ``concealing`` the form is sent by POST; its view answers with a redirect to the address
    that `settled` gives.
    """

    kind: ClassVar[str] = "search"
    label: str
    apply: Callable[[Rows, str], Rows]
    placeholder: str = ""
    key: str = "q"
    concealing: Concealing | None = None

    @property
    def held_key(self) -> str:
        """The field that carries a concealed text while the form shows none."""
        return f"{self.key}_held"

    def settled(self, params: QueryDict) -> QueryDict:
        """The parameters as they may stand in an address; a form's empty ones and its own left out.

        An empty search keeps the concealed text that the form carried.
        """
        found = params.copy()
        held = typed(found, self.held_key)
        for name in (self.held_key, "csrfmiddlewaretoken"):
            found.pop(name, None)
        text = typed(found, self.key) or held
        found[self.key] = self.concealing.conceal(text) if self.concealing else text
        for name, values in list(found.lists()):
            found.setlist(name, [value for value in values if value != ""])
        return found

    def conceals(self, params: QueryDict) -> bool:
        """Whether the parameters hold a text that may not stand in an address."""
        text = typed(params, self.key)
        return self.concealing is not None and self.concealing.conceal(text) != text

    def _hidden(self, text: str) -> bool:
        return self.concealing is not None and self.concealing.is_concealed(text)

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        text = typed(params, self.key)
        if not text:
            return rows, None, ""
        words = f"搜索“{text}”"
        if self.concealing and self._hidden(text):
            words = self.concealing.words
        try:
            return self.apply(rows, text), Active(words, (self.key,)), ""
        except ValueError as error:
            return rows.none(), None, str(error)

    def field(self, params: QueryDict) -> dict[str, Any]:
        text = typed(params, self.key)
        hidden = self._hidden(text)
        return {"value": "" if hidden else text, "held": text if hidden else ""}


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
class Choices:
    """Any of a few values, one or several; ``apply`` gets those that were taken."""

    kind: ClassVar[str] = "choices"
    key: str
    label: str
    choices: Sequence[tuple[str, str]]
    apply: Callable[[Rows, Sequence[str]], Rows]

    def _values(self, params: QueryDict) -> list[str]:
        wanted = set(params.getlist(self.key))
        return [value for value, _ in self.choices if value in wanted]

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        values = self._values(params)
        if not values:
            return rows, None, ""
        labels = dict(self.choices)
        text = f"{self.label}：{'或'.join(labels[value] for value in values)}"
        return self.apply(rows, values), Active(text, (self.key,)), ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        values = self._values(params)
        return {
            "values": values,
            "choices": self.choices,
            "told": "、".join(dict(self.choices)[value] for value in values),
        }


@dataclass(frozen=True)
class Text:
    """Something typed that is looked for as it stands; ``known``: what may be meant."""

    kind: ClassVar[str] = "text"
    key: str
    label: str
    apply: Callable[[Rows, str], Rows]
    known: Sequence[str] = ()

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        text = typed(params, self.key, 40)
        if not text:
            return rows, None, ""
        return self.apply(rows, text), Active(f"{self.label}：{text}", (self.key,)), ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {"value": typed(params, self.key, 40), "known": self.known}


@dataclass(frozen=True)
class Area:
    """A unit of one's area, typed or taken from suggestions; narrows the rows' ``unit_path``."""

    kind: ClassVar[str] = "area"
    key: str
    label: str
    units: Callable[[], QuerySet[Any]]

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        text = typed(params, self.key, 120)
        if not text:
            return rows, None, ""
        # A suggestion is the code, a space, the name.
        units = self.units().order_by("path")
        found = list(units.filter(code=text.split(maxsplit=1)[0])) or list(units.filter(name=text))
        if len(found) != 1:
            wrong = f"叫“{text}”的不止一个" if found else f"辖区里没有找到“{text}”"
            return rows, None, f"{wrong}，请从提示里选一个。"
        path = found[0].path
        active = Active(f"{self.label}：{found[0].name}", (self.key,))
        return rows.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0"), active, ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {"value": typed(params, self.key, 120)}


@dataclass(frozen=True)
class OnDay:
    """The day of which other filters and columns speak; it narrows nothing by itself."""

    kind: ClassVar[str] = "day"
    key: str
    label: str
    latest: date
    words: str = "{day}的情况"

    def day(self, params: QueryDict) -> date:
        """The day asked for; ``latest`` where there is none or it is no day."""
        try:
            found = date.fromisoformat(typed(params, self.key, 10))
        except ValueError:
            return self.latest
        return min(found, self.latest)

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        text = typed(params, self.key, 10)
        if not text:
            return rows, None, ""
        try:
            found = date.fromisoformat(text)
        except ValueError:
            return rows, None, f"{self.label}请按“年-月-日”填写，例如 2025-06-30。"
        if found > self.latest:
            return rows, None, f"{self.label}不能晚于{self.latest:%Y-%m-%d}，按这一天算。"
        said = self.words.format(day=f"{found.year}年{found.month}月{found.day}日")
        return rows, Active(said, (self.key,)), ""

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {"value": typed(params, self.key, 10), "latest": self.latest.isoformat()}


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


@dataclass(frozen=True)
class Dates:
    """Days from … to …, both included; of a column that holds moments."""

    kind: ClassVar[str] = "dates"
    key: str
    label: str
    column: str

    def narrow(self, rows: Rows, params: QueryDict) -> tuple[Rows, Active | None, str]:
        days: list[date | None] = []
        for end in ("from", "to"):
            text = typed(params, f"{self.key}_{end}", 10)
            try:
                days.append(date.fromisoformat(text) if text else None)
            except ValueError:
                return rows, None, f"{self.label}请按“年-月-日”填写，例如 2025-06-30。"
        first, last = days
        if first is None and last is None:
            return rows, None, ""
        if first is not None and last is not None and first > last:
            return rows, None, f"{self.label}的起点比终点晚，请对调。"
        if first is not None:
            rows = rows.filter(**{f"{self.column}__gte": _midnight(first)})
        if last is not None:
            rows = rows.filter(**{f"{self.column}__lt": _midnight(last + timedelta(days=1))})
        words = f"{first or ''}至{last or ''}" if first != last else f"{first}"
        return (
            rows,
            Active(f"{self.label}：{words}", tuple(f"{self.key}_{e}" for e in ("from", "to"))),
            "",
        )

    def field(self, params: QueryDict) -> dict[str, Any]:
        return {
            "low": typed(params, f"{self.key}_from", 10),
            "high": typed(params, f"{self.key}_to", 10),
        }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
