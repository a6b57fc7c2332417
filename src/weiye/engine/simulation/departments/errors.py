"""The errors that departments make: one change per field and row, at the rates of a pack.

Every change is a small function of the right value and one random number in [0, 1); it gives the
same value back where it cannot be made (there is no homophone, a birth after 1999 has no 15-digit
ID number). Only what really changed is noted.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from ..identifiers import Serials, id_numbers, phones
from ..identities import ID_CARD, as_number
from .characters import Characters

Rates = Mapping[str, float]
Rng = np.random.Generator

FIELDS: Final = {
    "name": "name",
    "id_number": "id",
    "birth_date": "birth",
    "phone": "phone",
    "address": "address",
}
"""Column → what the names of its errors begin with."""

SECOND_AREA: Final = 90
"""Where the area codes of second ID numbers begin: nobody's first one lies there."""
_LOST_PHONES: Final = 950_000_000
"""Where the serial numbers of changed telephones begin."""

FULL_WIDTH: Final = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


class Mistakes:
    """Plants errors into tables of people; knows what must stay unique from table to table."""

    def __init__(self, characters: Characters) -> None:
        self._characters = characters
        self._second = Serials(SECOND_AREA)
        self._phones = _LOST_PHONES

    def plant(self, rng: Rng, frame: pl.DataFrame, rates: Rates) -> pl.DataFrame:
        """The frame with errors in it, and the list column `errors`, most often empty.

        Wants `name, id_kind, id_number, birth_date, sex, phone, address` and, for what is out of
        date or somebody else's, `former_phone, former_address, household_phone`. `rates` are
        named `<field>_<error>`; see `errors.yaml`. `birth_date` stays a date.
        """
        if frame.is_empty():
            return frame.with_columns(errors=pl.lit([], dtype=pl.List(pl.String)))
        noted = []
        for (column, field), dice in zip(FIELDS.items(), rng.spawn(len(FIELDS)), strict=True):
            kinds, chosen = _chosen(dice, rates, field, frame.height)
            values = frame[column].to_list()
            named: list[str | None] = [None] * frame.height
            for at, kind in enumerate(kinds):
                rows = np.flatnonzero(chosen == at)
                if rows.size:
                    self._change(dice, frame, values, rows, named, kind)
            frame = frame.with_columns(pl.Series(column, values, dtype=frame[column].dtype))
            noted.append(pl.Series(named, dtype=pl.String))
        return frame.with_columns(
            errors=pl.select(pl.concat_list(noted).list.drop_nulls()).to_series()
        )

    def _change(
        self,
        rng: Rng,
        frame: pl.DataFrame,
        values: list[Any],
        rows: np.ndarray[Any, np.dtype[np.int64]],
        named: list[str | None],
        kind: str,
    ) -> None:
        if kind in ID or kind == "id_second":
            # Only the numbers of ID cards have digits to get wrong in these ways.
            rows = rows[(frame["id_kind"].gather(rows) == ID_CARD).to_numpy()]
        wanted = rows.tolist()
        old = [values[row] for row in wanted]
        new: Sequence[Any]
        if kind == "id_second":
            new = self._second_ids(frame[wanted])
        elif kind == "id_of_other":
            new = frame["id_number"].gather(rng.integers(0, frame.height, len(wanted))).to_list()
        elif kind == "phone_changed":
            serial = np.arange(self._phones, self._phones + len(wanted))
            self._phones += len(wanted)
            new = phones(serial).to_list()
        elif kind in ("phone_shared", "phone_old", "address_old"):
            source = {"phone_shared": "household_phone", "phone_old": "former_phone"}.get(
                kind, "former_address"
            )
            new = [a or b for a, b in zip(frame[source].gather(wanted).to_list(), old, strict=True)]
        elif kind.endswith("_missing"):
            new = [None] * len(wanted)
        else:
            change = CHANGES[kind]
            dice = rng.random(len(wanted)).tolist()
            new = [
                value if value is None else change(value, u, self._characters)
                for value, u in zip(old, dice, strict=True)
            ]
        for row, before, after in zip(wanted, old, new, strict=True):
            if after != before:
                values[row], named[row] = after, kind

    def _second_ids(self, frame: pl.DataFrame) -> list[str]:
        birth = as_number(frame["birth_date"].to_numpy())
        female = (frame["sex"] == "女").to_numpy()
        return id_numbers(birth, female, serials=self._second).to_list()


def _chosen(
    rng: Rng, rates: Rates, field: str, count: int
) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """The kinds of error of a field, and per row which one is to be made (else their number)."""
    kinds = [kind for kind in rates if kind.startswith(f"{field}_")]
    bounds = np.cumsum([rates[kind] for kind in kinds])
    return kinds, np.searchsorted(bounds, rng.random(count), side="right")


Change = Callable[[Any, float, Characters], Any]


def _at(dice: float, count: int) -> tuple[int, float]:
    """One of `count`, and what is left of the random number."""
    scaled = dice * count
    return min(int(scaled), count - 1), scaled - int(scaled)


def _replaced(text: str, dice: float, table: Mapping[str, str]) -> str:
    able = [at for at, letter in enumerate(text) if letter in table]
    if not able:
        return text
    which, rest = _at(dice, len(able))
    at = able[which]
    other = table[text[at]]
    return text[:at] + other[_at(rest, len(other))[0]] + text[at + 1 :]


def _swapped_name(text: str, dice: float, _: Characters) -> str:
    return text[:-2] + text[-1] + text[-2] if len(text) > 2 else text


def _short_name(text: str, dice: float, _: Characters) -> str:
    if len(text) < 3:
        return text
    at = 1 + _at(dice, len(text) - 1)[0]
    return text[:at] + text[at + 1 :]


def _dotted(text: str, dice: float, _: Characters) -> str:
    """Names with a dot: another dot, or none; only they can have this error."""
    return text.replace("·", ("", ".", "•", "．", " ")[_at(dice, 5)[0]])


def _wrong_digit(text: str, dice: float, _: Characters) -> str:
    at, rest = _at(dice, 12)
    digit = (int(text[at + 5]) + 1 + _at(rest, 9)[0]) % 10
    return f"{text[: at + 5]}{digit}{text[at + 6 :]}"


def _swapped_digits(text: str, dice: float, _: Characters) -> str:
    able = [at for at in range(5, 16) if text[at] != text[at + 1]]
    if not able:
        return text
    at = able[_at(dice, len(able))[0]]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _lost_digit(text: str, dice: float, _: Characters) -> str:
    at = 5 + _at(dice, len(text) - 5)[0]
    return text[:at] + text[at + 1 :]


def _old_number(text: str, dice: float, _: Characters) -> str:
    """15 digits: no century, no check digit (before 1999-10-01)."""
    return text[:6] + text[8:17] if text[6:8] == "19" else text


def _as_float(text: str, dice: float, _: Characters) -> str:
    """What Excel leaves of a number of 18 digits: 15 of them, and zeros."""
    return text if text.endswith("X") else text[:15] + "000"


def _moved_day(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _day_for_month(day: date, dice: float, _: Characters) -> date:
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


def _other_year(day: date, dice: float, _: Characters) -> date:
    years = (-10, -2, -1, -1, 1, 1, 2, 10)[_at(dice, 8)[0]]
    changed = day.replace(year=day.year + years, day=min(day.day, 28))
    return changed if changed.year < 2100 else day


NAME: Final[Mapping[str, Change]] = {
    "name_homophone": lambda text, dice, letters: _replaced(text, dice, letters.homophones),
    "name_look_alike": lambda text, dice, letters: _replaced(text, dice, letters.look_alikes),
    "name_swapped": _swapped_name,
    "name_short": _short_name,
    "name_blank": lambda text, dice, _: text[0] + ("  " if dice < 0.5 else "　") + text[1:],
    "name_dot": _dotted,
}
ID: Final[Mapping[str, Change]] = {
    "id_wrong_digit": _wrong_digit,
    "id_swapped_digits": _swapped_digits,
    "id_lost_digit": _lost_digit,
    "id_15": _old_number,
    "id_float": _as_float,
    "id_lower_x": lambda text, dice, _: text.lower(),
    "id_full_width": lambda text, dice, _: text.translate(FULL_WIDTH),
    "id_blank": lambda text, dice, _: (
        f"{text[:6]} {text[6:14]} {text[14:]}" if dice < 0.5 else text + " "
    ),
}
BIRTH: Final[Mapping[str, Change]] = {
    "birth_day_for_month": _day_for_month,
    "birth_other_year": _other_year,
    "birth_first_of_year": lambda day, dice, _: day.replace(month=1, day=1),
    # A birthday in the traditional calendar lies some three to seven weeks before.
    "birth_lunar": lambda day, dice, _: _moved_day(day, -(20 + _at(dice, 32)[0])),
}
PHONE: Final[Mapping[str, Change]] = {
    "phone_wrong_digit": lambda text, dice, _: (
        text[:4] + str((int(text[4:]) + 10 ** _at(dice, 7)[0]) % 10_000_000).zfill(7)
    ),
    "phone_hyphens": lambda text, dice, _: f"{text[:3]}-{text[3:7]}-{text[7:]}",
}
ADDRESS: Final[Mapping[str, Change]] = {
    "address_short": lambda text, dice, _: _without_area(text),
    "address_spelled": lambda text, dice, _: _spelled(text, dice),
    "address_no_room": lambda text, dice, _: _without_room(text),
}

CHANGES: Final[Mapping[str, Change]] = {**NAME, **ID, **BIRTH, **PHONE, **ADDRESS}


def _without_area(text: str) -> str:
    """Without city, county and street, as people say it."""
    for word in ("街道", "镇", "乡"):
        at = text.find(word)
        if at > 0:
            return text[at + len(word) :]
    return text


def _spelled(text: str, dice: float) -> str:
    """The same door in other words: 3-2-402, 3#楼2单元402, full-width digits."""
    way = _at(dice, 3)[0]
    if way == 0:
        return text.replace("号楼", "-").replace("单元", "-").removesuffix("室").removesuffix("号")
    if way == 1:
        return text.replace("号楼", "#楼").replace("第", "").removesuffix("室")
    return text.translate(FULL_WIDTH)


def _without_room(text: str) -> str:
    for word in ("单元", "号楼", "巷"):
        at = text.rfind(word)
        if at > 0:
            return text[: at + len(word)]
    return text
