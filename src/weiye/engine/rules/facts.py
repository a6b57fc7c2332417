"""The facts that rules may ask about: names, types, and what "known: none" stands for.

An absent fact is *unknown*; JSON ``null`` is *known: none or never*. In a frame a column ``<fact>``
holds the value and ``<fact>_known`` (Boolean) tells a null that is known from one that is not;
without that column every null is unknown. Money is in yuan outside and in whole fen inside.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import polars as pl

from .errors import FactsError


class Kind(Enum):
    BOOL = "yes/no"
    INT = "whole number"
    MONEY = "amount in yuan"
    DATE = "date YYYY-MM-DD"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of plain values or of records."""

    of: "Kind | Record"


@dataclass(frozen=True, slots=True)
class Record:
    fields: "tuple[Fact, ...]"

    def get(self, name: str) -> "Fact | None":
        return next((fact for fact in self.fields if fact.name == name), None)


Type = Kind | Items | Record


class _Never:
    """JSON null is a value of its own: it never happened, there is none."""


class _Everybody:
    """Everybody has one: JSON null can only mean that it is not known."""


NEVER, EVERYBODY = _Never(), _Everybody()


@dataclass(frozen=True, slots=True)
class Fact:
    """``none`` is what a known null stands for: a value, or `NEVER`, or `EVERYBODY`."""

    name: str
    type: Type
    label: str
    none: object
    choices: tuple[object, ...] = ()
    least: int | None = None
    most: int | None = None

    @property
    def may_be_none(self) -> bool:
        return self.none is NEVER


def _dtype(kind: Type) -> pl.DataType:
    if isinstance(kind, Items):
        return pl.List(_dtype(kind.of))
    if isinstance(kind, Record):
        fields: list[pl.Field] = []
        for fact in kind.fields:
            fields.append(pl.Field(fact.name, _dtype(fact.type)))
            if fact.may_be_none:
                fields.append(pl.Field(f"{fact.name}_known", pl.Boolean()))
        return pl.Struct(fields)
    return {
        Kind.BOOL: pl.Boolean(),
        Kind.INT: pl.Int64(),
        Kind.MONEY: pl.Decimal(14, 2),
        Kind.DATE: pl.Date(),
        Kind.TEXT: pl.String(),
    }[kind]


_EMPLOYMENT = ("就业", "失业", "灵活就业", "在校", "退休", "服役", "其他")
_DIFFICULTY = ("低保", "低保边缘", "特困", "无")
_POVERTY = ("脱贫享受政策", "防止返贫监测", "无")

_CERTIFICATE = Record(
    (
        Fact("code", Kind.TEXT, "证书职业编码", EVERYBODY),
        Fact("level", Kind.INT, "证书等级", EVERYBODY, least=1, most=5),
    )
)
_BENEFIT = Record(
    (
        Fact("policy", Kind.TEXT, "政策", EVERYBODY),
        Fact("from", Kind.DATE, "享受起始日", EVERYBODY),
        Fact("to", Kind.DATE, "享受终止日", NEVER),
        Fact("amount", Kind.MONEY, "金额", EVERYBODY),
    )
)

_PERSON: tuple[Fact, ...] = (
    Fact("birth_date", Kind.DATE, "出生日期", EVERYBODY),
    Fact("sex", Kind.TEXT, "性别", EVERYBODY, choices=("男", "女")),
    Fact("retirement_base", Kind.INT, "原法定退休年龄档次", EVERYBODY, choices=(50, 55, 60)),
    Fact("hukou_unit", Kind.TEXT, "户籍地", NEVER),
    Fact("residence_unit", Kind.TEXT, "常住地", NEVER),
    Fact("resident_since", Kind.DATE, "常住起始日", NEVER),
    Fact("education", Kind.INT, "学历", 90, least=1, most=99),
    Fact("graduated_on", Kind.DATE, "离校日期", NEVER),
    Fact("continuing_school", Kind.BOOL, "是否继续升学", False),
    Fact("labour_capacity", Kind.BOOL, "劳动能力", False),
    Fact("work_wish", Kind.BOOL, "就业意愿", False),
    Fact("employment_status", Kind.TEXT, "就业状态", EVERYBODY, choices=_EMPLOYMENT),
    Fact("unemployed_since", Kind.DATE, "失业起始日", NEVER),
    Fact("registered_unemployed_since", Kind.DATE, "失业登记日期", NEVER),
    # Beyond files.md: counted from the ledger's history where there is one.
    Fact("unemployment_spells_24m", Kind.INT, "24个月内失业次数", 0, least=0),
    Fact("employed_since", Kind.DATE, "就业起始日", NEVER),
    Fact("contract_months", Kind.INT, "劳动合同月数", NEVER, least=0),
    Fact("disability_grade", Kind.INT, "残疾等级", 0, least=0, most=4),
    Fact("minimum_living", Kind.TEXT, "低保情况", "无", choices=_DIFFICULTY),
    Fact("poverty_alleviation", Kind.TEXT, "脱贫及防返贫情况", "无", choices=_POVERTY),
    Fact("household_id", Kind.TEXT, "家庭", NEVER),
    Fact("single_parent_of_minor", Kind.BOOL, "是否单亲抚养未成年子女", False),
    Fact("land_lost", Kind.BOOL, "是否失地", False),
    Fact("children", Items(Kind.DATE), "子女出生日期", ()),
    Fact("veteran", Kind.BOOL, "是否退役军人", False),
    Fact("monthly_income", Kind.MONEY, "个人月收入", Decimal(0), least=0),
    Fact("skill_certificates", Items(_CERTIFICATE), "技能证书", ()),
    Fact("pension_drawn", Kind.BOOL, "是否领取养老金", False),
    Fact("insured_months_local", Kind.INT, "本地参保月数", 0, least=0),
    Fact("certified_difficult_since", Kind.DATE, "就业困难人员认定日期", NEVER),
    Fact("benefits_received", Items(_BENEFIT), "已享受政策", ()),
)
_AT_HIRING = Record(
    (
        *(fact for fact in _PERSON if isinstance(fact.type, Kind)),
        Fact("hired_on", Kind.DATE, "招用日期", EVERYBODY),
        Fact("insured", Kind.BOOL, "是否参保", False),
    )
)
_FIRM: tuple[Fact, ...] = (
    Fact("uscc", Kind.TEXT, "统一社会信用代码", NEVER),
    # In JSON the object's own "kind" may hold it: "kind" says person or firm there.
    Fact("firm_kind", Kind.TEXT, "单位类型", EVERYBODY),
    Fact("registered_on", Kind.DATE, "注册登记日期", NEVER),
    Fact("unit", Kind.TEXT, "所在地", NEVER),
    Fact("headcount", Kind.INT, "职工人数", 0, least=0),
    Fact("hires", Items(_AT_HIRING), "招用人员", ()),
    Fact(
        "legal_person_facts",
        Record(tuple(fact for fact in _PERSON if isinstance(fact.type, Kind))),
        "法定代表人情况",
        EVERYBODY,
    ),
    Fact("benefits_received", Items(_BENEFIT), "已享受政策", ()),
)


@dataclass(frozen=True)
class Facts:
    """A typed schema: the facts of a person, or of a firm."""

    subject: str
    unit: str  # the fact that says in which area the person lives or the firm lies
    facts: tuple[Fact, ...]
    by_name: Mapping[str, Fact] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {fact.name: fact for fact in self.facts})

    def get(self, name: str) -> Fact | None:
        return self.by_name.get(name)

    def columns(self) -> dict[str, pl.DataType]:
        """Column → type of a frame that has every fact: ``id`` is up to the caller."""
        found: dict[str, pl.DataType] = {}
        for fact in self.facts:
            found[fact.name] = _dtype(fact.type)
            found[f"{fact.name}_known"] = pl.Boolean()
        return found

    def check(self, frame: pl.DataFrame, *, ids: bool = True) -> None:
        """Raise `FactsError` naming every column of the wrong type, and doubtful ids.

        Without ``ids`` the values of the ids are the caller's affair.

        Needs ``id`` (integers or text, unique, no nulls). Other columns are optional: a fact
        without a column is unknown for everybody. Unknown columns are ignored. Numbers may be of
        any width, money integer, float or Decimal yuan, text Categorical or Enum.
        """
        problems: list[str] = []
        if "id" not in frame.columns:
            problems.append("column id is missing")
        elif not (frame.schema["id"].is_integer() or frame.schema["id"] == pl.String):
            problems.append(f"column id must hold whole numbers or text, not {frame.schema['id']}")
        elif not ids:
            pass
        elif frame["id"].null_count():
            problems.append("column id has nulls")
        elif frame.height > 1 and frame["id"].is_duplicated().any():
            twice = frame["id"].filter(frame["id"].is_duplicated())[0]
            problems.append(f"id {twice!r} occurs more than once")
        for name, dtype in frame.schema.items():
            known = name.removesuffix("_known")
            if name != known and known in self.by_name:
                if dtype != pl.Boolean and dtype != pl.Null:
                    problems.append(f"column {name} must be Boolean, not {dtype}")
                continue
            fact = self.by_name.get(name)
            if fact is not None and not _fits(dtype, fact.type):
                problems.append(f"column {name} must be {_dtype(fact.type)}, not {dtype}")
        if problems:
            raise FactsError(problems)

    def frame(self, objects: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """A frame from JSON objects; only the facts that occur get columns.

        Raises `FactsError` that names each ill-typed fact with its object. Unknown keys are
        ignored. ``objects`` are not changed.
        """
        problems: list[str] = []
        ids = _ids(objects, problems)
        data: dict[str, list[Any]] = {"id": ids}
        schema: dict[str, pl.DataType] = {
            "id": pl.Int64() if ids and isinstance(ids[0], int) else pl.String()
        }
        for fact in self.facts:
            if not any(fact.name in item for item in objects):
                continue
            values: list[Any] = []
            for number, item in enumerate(objects):
                value = None
                if fact.name in item:
                    where = f"{ids[number]!r}: {fact.name}"
                    value = _read(fact, item[fact.name], where, problems)
                values.append(value)
            data[fact.name] = values
            data[f"{fact.name}_known"] = [fact.name in item for item in objects]
            schema[fact.name] = _dtype(fact.type)
            schema[f"{fact.name}_known"] = pl.Boolean()
        if problems:
            raise FactsError(problems)
        return pl.DataFrame(data, schema=schema)


PERSON_FACTS = Facts("person", "residence_unit", _PERSON)
FIRM_FACTS = Facts("firm", "unit", _FIRM)
SUBJECTS: Mapping[str, Facts] = {"person": PERSON_FACTS, "firm": FIRM_FACTS}


def facts_frame(objects: Sequence[Mapping[str, Any]], *, subject: str = "person") -> pl.DataFrame:
    """Frame of facts from JSON objects of one subject, ``person`` or ``firm``."""
    return SUBJECTS[subject].frame(objects)


def _ids(objects: Sequence[Mapping[str, Any]], problems: list[str]) -> list[Any]:
    ids: list[Any] = []
    for number, item in enumerate(objects):
        value = item.get("id")
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            problems.append(f"object {number + 1}: id must be a whole number or text")
            value = ""
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            problems.append(f"object {number + 1}: id is too large")
            value = ""
        ids.append(value)
    if not problems and len({type(value) for value in ids}) > 1:
        ids = [str(value) for value in ids]
    if not problems:
        seen: set[Any] = set()
        for value in ids:
            if value in seen:
                problems.append(f"id {value!r} occurs more than once")
            seen.add(value)
    return ids


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNIT = re.compile(r"\d{12}")


def _read(fact: Fact, value: Any, where: str, problems: list[str]) -> Any:
    """The value of one fact from JSON, or None after adding to ``problems``."""
    if value is None:
        none = fact.none
        if isinstance(none, _Never | _Everybody):
            return None
        return list(none) if isinstance(none, tuple) else none
    read = _read_type(fact.type, value, where, problems)
    if read is None or isinstance(fact.type, Items | Record):
        return read
    if fact.choices and read not in fact.choices:
        allowed = "/".join(str(choice) for choice in fact.choices)
        problems.append(f"{where} must be one of {allowed}, not {value!r}")
        return None
    too_small = fact.least is not None and read < fact.least
    too_large = fact.most is not None and read > fact.most
    if too_small or too_large:
        most = "" if fact.most is None else f" to {fact.most}"
        problems.append(f"{where} must be {fact.least}{most or ' or more'}, not {value!r}")
        return None
    if fact.name in ("hukou_unit", "residence_unit", "unit") and not _UNIT.fullmatch(read):
        problems.append(f"{where} must be a 12-digit code, not {value!r}")
        return None
    return read


def _read_type(kind: Type, value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(kind, Items):
        if not isinstance(value, list):
            problems.append(f"{where} must be a list, not {value!r}")
            return None
        return [
            _read_type(kind.of, item, f"{where}[{number + 1}]", problems)
            for number, item in enumerate(value)
        ]
    if isinstance(kind, Record):
        if not isinstance(value, dict):
            problems.append(f"{where} must be an object, not {value!r}")
            return None
        record: dict[str, Any] = {}
        for fact in kind.fields:
            record[fact.name] = (
                _read(fact, value[fact.name], f"{where}.{fact.name}", problems)
                if fact.name in value
                else None
            )
            if fact.may_be_none:
                record[f"{fact.name}_known"] = fact.name in value
        return record
    read = _plain(kind, value)
    if read is None:
        problems.append(f"{where} must be {_said(kind)}, not {value!r}")
    return read


def _said(kind: Kind) -> str:
    special = {Kind.BOOL: "true or false", Kind.MONEY: "an amount in yuan, at most 2 decimals"}
    return special.get(kind, f"a {kind.value}")


def _plain(kind: Kind, value: Any) -> Any:
    if kind is Kind.BOOL:
        return value if isinstance(value, bool) else None
    if kind is Kind.TEXT:
        return value if isinstance(value, str) and value else None
    if kind is Kind.DATE:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return None
        return day if 1800 <= day.year <= 2200 else None
    if isinstance(value, bool):
        return None
    if kind is Kind.INT:
        return value if isinstance(value, int) and abs(value) < 2**53 else None
    if not isinstance(value, int | float | Decimal):
        return None
    amount = Decimal(str(value))
    if not amount.is_finite() or abs(amount) >= 10**12 or amount != round(amount, 2):
        return None
    return amount


def _fits(dtype: pl.DataType, kind: Type) -> bool:
    if dtype == pl.Null:
        return True
    if isinstance(kind, Items):
        return isinstance(dtype, pl.List) and _fits(_inner(dtype), kind.of)
    if isinstance(kind, Record):
        if not isinstance(dtype, pl.Struct):
            return False
        have: Iterable[pl.Field] = dtype.fields
        return all(
            (fact := kind.get(part.name)) is None or _fits(_instance(part.dtype), fact.type)
            for part in have
        )
    if kind is Kind.TEXT:
        return dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
    if kind is Kind.INT:
        return dtype.is_integer()
    if kind is Kind.MONEY:
        return dtype.is_numeric()
    return dtype == (pl.Boolean if kind is Kind.BOOL else pl.Date)


def _inner(dtype: pl.List) -> pl.DataType:
    return _instance(dtype.inner)


def _instance(dtype: Any) -> pl.DataType:
    whole: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return whole
