"""The thirty in OpenFisca-Core: terms and policies are variables, figures are parameters.

OpenFisca has no unknown: an unknown fact is given some value, and only people about whom everything
is known are compared. "Never happened" is the last day there is. Words are OpenFisca's own Enums,
codes of areas its own texts.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from openfisca_core.entities import Entity
from openfisca_core.indexed_enums import Enum, EnumArray
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import Simulation, SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from .combined import POLICIES
from .people import CHOICES

PERIOD = "2025-06"
NEVER = np.datetime64("2262-01-01", "D")
ENUMS = {
    name: Enum(name, {f"w{n}": word for n, word in enumerate(words)})
    for name, words in CHOICES.items()
}
_SEX, _STATUS, _LIVING, _POVERTY = (ENUMS[name] for name in CHOICES)
_WOMAN = _SEX("女")


def _amount(value: int) -> dict[str, Any]:
    return {"values": {"2000-01-01": {"value": value}}}


FIGURES = {
    "elder_age": {"woman": _amount(40), "man": _amount(50)},
    "minimum_wage": {
        "c3710": _amount(2010_00),
        "c3701": _amount(2200_00),
        "other": _amount(1820_00),
    },
    "insurance": {"c3701": _amount(1149_93), "other": _amount(1011_57)},
    "startup": {"c371002": _amount(6000_00), "other": _amount(5000_00)},
    "training": {"woman": _amount(1600_00), "man": _amount(1500_00)},
}

_DATES = [
    "graduated_on",
    "unemployed_since",
    "registered_unemployed_since",
    "employed_since",
    "certified_difficult_since",
]
_FLAGS = [
    "continuing_school",
    "labour_capacity",
    "work_wish",
    "single_parent_of_minor",
    "land_lost",
    "veteran",
    "pension_drawn",
]


def inputs(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """The facts as arrays."""
    columns = [
        pl.col("birth_date").fill_null(pl.date(1990, 1, 1)),
        *(pl.col(name).fill_null(pl.date(2262, 1, 1)) for name in _DATES),
        *(pl.col(name).to_physical().cast(pl.Int16).fill_null(0) for name in CHOICES),
        *(pl.col(name).fill_null(False) for name in _FLAGS),
        pl.col("contract_months").cast(pl.Int32).fill_null(-1),
        pl.col("retirement_base").cast(pl.Int32).fill_null(0),
        *(
            pl.col(name).cast(pl.Int32).fill_null(0)
            for name in ("education", "disability_grade", "insured_months_local")
        ),
        (pl.col("monthly_income").fill_null(0) * 100).alias("income"),
        pl.col("residence_unit").fill_null(""),
    ]
    made = frame.lazy().select(columns).collect()
    arrays = {name: made[name].to_numpy() for name in made.columns}
    for name, enum in ENUMS.items():
        arrays[name] = EnumArray(arrays[name], enum)
    arrays["residence_unit"] = arrays["residence_unit"].astype("S12")
    return arrays


def _day(text: str) -> np.datetime64:
    return np.datetime64(text, "D")


DAY = _day("2025-06-30")


def _before_retirement(t: Any) -> np.ndarray:
    woman = t.sex == _WOMAN
    cut = np.where(
        woman,
        np.where(t.retirement_base == 55, _day("1970-04-30"), _day("1975-04-30")),
        _day("1965-04-30"),
    )
    return t.birth_date > cut


def _months(day: np.ndarray) -> np.ndarray:
    months = (DAY.astype("M8[M]") - day.astype("M8[M]")).astype(np.int32)
    return months - ((day - day.astype("M8[M]")).astype(np.int32) + 1 > 30)


def _by_sex(t: Any, figure: Any) -> np.ndarray:
    return np.where(t.sex == _WOMAN, figure.woman, figure.man)


def _minimum_wage(t: Any) -> np.ndarray:
    city, figure = t.city, t.figures.minimum_wage
    return np.where(
        (city == b"3701") | (city == b"3702"),
        figure.c3701,
        np.where(city == b"3710", figure.c3710, figure.other),
    )


TERMS: dict[str, tuple[type, Callable[[Any], np.ndarray]]] = {
    "city": (str, lambda t: t.residence_unit.astype("S4")),
    "of_age": (bool, lambda t: t.birth_date <= _day("2009-06-30")),
    "youth": (bool, lambda t: t.of_age & (t.birth_date > _day("2000-06-30"))),
    "leaver_age": (bool, lambda t: t.of_age & (t.birth_date > _day("2004-06-30"))),
    "elder": (
        bool,
        lambda t: t.birth_date <= np.where(t.sex == _WOMAN, _day("1985-06-30"), _day("1975-06-30")),
    ),
    "working_age": (bool, lambda t: t.of_age & _before_retirement(t)),
    "employed": (bool, lambda t: t.employment_status == _STATUS("就业")),
    "flexible": (bool, lambda t: t.employment_status == _STATUS("灵活就业")),
    "jobless": (
        bool,
        lambda t: (
            (t.employment_status == _STATUS("失业")) | (t.employment_status == _STATUS("其他"))
        ),
    ),
    "registered": (bool, lambda t: t.registered_unemployed_since <= DAY),
    "registered_6": (bool, lambda t: t.registered_unemployed_since <= _day("2024-12-30")),
    "unemployed_12": (bool, lambda t: t.unemployed_since <= _day("2024-06-30")),
    "certified": (bool, lambda t: t.certified_difficult_since <= DAY),
    "certified_36": (
        bool,
        lambda t: (
            (t.certified_difficult_since > _day("2022-06-30"))
            & (t.certified_difficult_since < NEVER)
        ),
    ),
    "graduate": (bool, lambda t: t.education // 10 <= 3),
    "schooled": (bool, lambda t: t.education // 10 >= 4),
    "left_2": (
        bool,
        lambda t: (t.graduated_on <= DAY) & (t.graduated_on >= _day("2023-06-30")),
    ),
    "left_1": (
        bool,
        lambda t: (t.graduated_on <= DAY) & (t.graduated_on >= _day("2024-06-30")),
    ),
    "year_contract": (bool, lambda t: t.contract_months >= 12),
    "contract_3": (bool, lambda t: t.contract_months >= 3),
    "disabled": (bool, lambda t: t.disability_grade >= 1),
    "severe": (bool, lambda t: (t.disability_grade == 1) | (t.disability_grade == 2)),
    "poor": (bool, lambda t: t.minimum_living == _LIVING("低保")),
    "nearly_poor": (bool, lambda t: t.minimum_living != _LIVING("无")),
    "lifted": (bool, lambda t: t.poverty_alleviation != _POVERTY("无")),
    "insured_12": (bool, lambda t: t.insured_months_local >= 12),
    "insured_120": (bool, lambda t: t.insured_months_local >= 120),
    "since_6": (bool, lambda t: t.employed_since <= _day("2024-12-30")),
    "since_12": (bool, lambda t: t.employed_since <= _day("2024-06-30")),
    "low_income": (bool, lambda t: t.income < t.minimum_wage),
    "minimum_wage": (int, _minimum_wage),
    "insurance": (
        int,
        lambda t: np.where(t.city == b"3701", t.figures.insurance.c3701, t.figures.insurance.other),
    ),
    "startup_sum": (
        int,
        lambda t: np.where(
            t.residence_unit.astype("S6") == b"371002",
            t.figures.startup.c371002,
            t.figures.startup.other,
        ),
    ),
    "training_sum": (int, lambda t: _by_sex(t, t.figures.training)),
    "unemployed_months": (int, lambda t: _months(t.unemployed_since)),
    "employed_months": (int, lambda t: _months(t.employed_since)),
}


class _Terms:
    """One person-variable per attribute, asked of the simulation."""

    def __init__(self, person: Any, period: Any, parameters: Any) -> None:
        self._ask = person
        self._period = period
        self._parameters = parameters

    def __getattr__(self, name: str) -> np.ndarray:
        return self._ask(name, self._period)

    @property
    def figures(self) -> Any:
        return self._parameters(self._period)

    def fen(self, amount: int) -> np.ndarray:
        return np.full(self._ask.count, amount, dtype=np.int32)

    @staticmethod
    def share(amount: np.ndarray, over: int, under: int) -> np.ndarray:
        return (amount * (2 * over) + under) // (2 * under)

    @staticmethod
    def either(test: np.ndarray, yes: int, no: int) -> np.ndarray:
        return np.where(test, yes, no)

    @staticmethod
    def least(one: np.ndarray, other: int) -> np.ndarray:
        return np.minimum(one, other)

    @staticmethod
    def most(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.maximum(one, other)


def system() -> TaxBenefitSystem:
    person = Entity("person", "people", "", "")
    made = TaxBenefitSystem([person])
    made.parameters = ParameterNode("", data=FIGURES)

    def add(name: str, kind: type, formula: Callable[[Any], Any] | None = None) -> None:
        body: dict[str, Any] = {
            "value_type": kind,
            "entity": person,
            "definition_period": DateUnit.MONTH,
            "label": name,
        }
        if name in ENUMS:
            body |= {"possible_values": ENUMS[name], "default_value": next(iter(ENUMS[name]))}
        if formula is not None:
            body["formula"] = lambda who, period, parameters: formula(
                _Terms(who, period, parameters)
            )
        made.add_variable(type(name, (Variable,), body))

    for name in ("birth_date", *_DATES):
        add(name, date)
    for name in _FLAGS:
        add(name, bool)
    for name in CHOICES:
        add(name, Enum)
    add("residence_unit", str)
    for name in ("contract_months", "retirement_base", "education", "income"):
        add(name, int)
    for name in ("disability_grade", "insured_months_local"):
        add(name, int)
    for name, (kind, formula) in TERMS.items():
        add(name, kind, formula)
    for name, (test, amount) in POLICIES.items():
        add(name, bool, test)
        add(
            f"amount_{name}",
            int,
            lambda t, name=name, amount=amount: np.where(getattr(t, name), amount(t), 0),
        )
    return made


def documented(made: TaxBenefitSystem, frame: pl.DataFrame) -> Simulation:
    """The set-up that OpenFisca's manual shows for a data set: people declared by their ids, words
    given as texts."""
    given = inputs(frame)
    for name, enum in ENUMS.items():
        texts = frame[name].cast(pl.String).fill_null(next(iter(enum)).value)
        names = {word: f"w{n}" for n, word in enumerate(CHOICES[name])}
        given[name] = texts.replace_strict(names).to_numpy().astype(str)
    builder = SimulationBuilder()
    builder.create_entities(made)
    builder.declare_person_entity("person", frame["id"].to_list())
    return _filled(builder.build(made), given)


def lean(made: TaxBenefitSystem, frame: pl.DataFrame) -> Simulation:
    """The least set-up: nobody has an id, words are encoded beforehand."""
    built = SimulationBuilder().build_default_simulation(made, count=frame.height)
    return _filled(built, inputs(frame))


def _filled(built: Simulation, given: dict[str, np.ndarray]) -> Simulation:
    for name, values in given.items():
        built.set_input(name, PERIOD, values)
    return built


def answers(built: Simulation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """policy → met, fen (0 where not met)."""
    return {
        name: (built.calculate(name, PERIOD), built.calculate(f"amount_{name}", PERIOD))
        for name in POLICIES
    }
