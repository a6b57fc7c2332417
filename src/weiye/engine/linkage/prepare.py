"""Tables of text → records packed for comparison, and the keys under which they meet."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weiye.engine.linkage import text
from weiye.engine.linkage.addresses import read_addresses
from weiye.engine.linkage.names import COMPOUND, MASKED, NAME_WIDTH, Characters, characters
from weiye.engine.linkage.text import Bytes, Hashes, Ints

Singles = npt.NDArray[np.float32]

# Columns of `Records.tokens`: equal numbers mean equal values, 0 is none.
NAME, SOUND, SURNAME, PHONE, HOME, DOOR, BUILDING, BASE, UNIT, STREET, NUMBER = range(11)
# Columns of `Records.share`: ln of how much of the population holds this value.
S_NAME, S_SOUND, S_SURNAME, S_BIRTH, S_PHONE, S_HOME, S_BUILDING, S_BASE, S_UNIT = range(9)
# Beside the values counted, every one is taken to have this many holders more: small tables say
# little of how rare a value is.
HOLDERS: Final = 0.5
# What two records drawn from a city's population agree on by chance (synthetic society, 1 million).
AVERAGE: Final = {
    "name": 1e-4,
    "sound": 2e-4,
    "surname": 0.03,
    "birth": 5e-5,
    "phone": 1e-6,
    "home": 1e-6,
    "building": 1e-4,
    "base": 5e-4,
    "unit": 1e-3,
}


class Records(NamedTuple):
    """n records, those of the left table first, each table in the order of its ids."""

    tokens: Hashes  # (n, 11)
    share: Singles  # (n, 9)
    name: npt.NDArray[np.uint16]  # (n, NAME_WIDTH) character codes
    shape: Bytes  # (n, 5) characters of the name, of the surname, sex, kind of ID, kind of unit
    number: Bytes  # (n, 20) ID number, see text.read_ids
    birth: npt.NDArray[np.int32]  # (n, 2) yyyymmdd of the column, of the ID number
    phone: Ints  # (n,)


class Prepared(NamedTuple):
    records: Records
    characters: Characters
    average: dict[str, float]  # chance that two records share a value, per S_… kind
    left: int  # how many records are of the left table
    linked: bool  # two tables; else one against itself


def prepare(left: pl.DataFrame, right: pl.DataFrame | None) -> Prepared:
    """Packs tables with the columns of `RECORDS` as text, in the order they have."""
    frame = left if right is None else pl.concat([left, right])
    n = frame.height
    names = _clean_names(frame["name"])
    flat, start = text.flatten(names)
    length = np.diff(start)
    code_of = np.zeros(0x110000, np.int64)
    code_of[flat] = 1
    code_of[ord("*")] = 0
    points = np.flatnonzero(code_of)[:65_000].astype(np.uint32)  # codes are kept in 16 bits
    known = characters(points)
    code_of[:] = 0
    code_of[points] = np.arange(len(points)) + 2
    code_of[ord("*")] = MASKED
    code = code_of[flat]
    codes = np.zeros((n, NAME_WIDTH), np.uint16)
    name_hash, sound_hash = text.pack_names(code, start, known.sound, codes)
    compound = names.str.slice(0, 2).is_in(list(COMPOUND)).to_numpy() & (length > 2)
    surname_size = np.where(compound, 2, np.minimum(length, 1))
    surname_hash = codes[:, 0].astype(np.uint64) + np.where(compound, codes[:, 1], 0).astype(
        np.uint64
    ) * np.uint64(65_536)

    flat, start = text.flatten(frame["id_number"])
    number, kind, id_birth, id_sex, id_hash = text.read_ids(flat, start)
    birth = text.read_dates(*text.flatten(frame["birth_date"]))
    phone = text.read_phones(*text.flatten(frame["phone"]))
    base, building, home, door = read_addresses(*text.flatten(frame["address"]))
    said = frame["sex"].fill_null("").str.strip_chars().str.slice(0, 1).str.to_uppercase()
    sex = said.replace_strict(
        ["男", "1", "M", "女", "2", "F"], [1, 1, 1, 2, 2, 2], default=0, return_dtype=pl.UInt8
    ).to_numpy()
    sex = np.where((sex == 0) & (kind == text.VALID_ID), id_sex, sex)
    unit = frame["unit"].fill_null("").str.strip_chars()
    coded = unit.str.contains(r"^\d{6,}").to_numpy()
    unit_hash = _hashed(unit)
    street = _hashed(
        pl.select(pl.when(pl.lit(pl.Series(coded))).then(unit.str.slice(0, 9)))
        .to_series()
        .fill_null("")
    )

    tokens = np.zeros((n, 11), np.uint64)
    tokens[:, NAME], tokens[:, SOUND], tokens[:, SURNAME] = name_hash, sound_hash, surname_hash
    tokens[:, PHONE] = phone
    tokens[:, HOME], tokens[:, DOOR] = home, door
    tokens[:, BUILDING], tokens[:, BASE] = building, base
    tokens[:, UNIT], tokens[:, STREET], tokens[:, NUMBER] = unit_hash, street, id_hash
    births = np.stack([birth, id_birth], axis=1).astype(np.int32)
    effective = np.where(birth > 0, birth, id_birth).astype(np.uint64)
    share = np.zeros((n, 9), np.float32)
    average = {}
    for place, (what, values) in enumerate(
        zip(
            AVERAGE,
            (
                name_hash,
                sound_hash,
                surname_hash,
                effective,
                tokens[:, PHONE],
                home,
                building,
                base,
                unit_hash,
            ),
            strict=True,
        )
    ):
        share[:, place], average[what] = _shares(values, AVERAGE[what])
    shape = np.stack([np.minimum(length, 255), surname_size, sex, kind, coded], axis=1).astype(
        np.uint8
    )
    records = Records(tokens, share, codes, shape, number, births, phone)
    return Prepared(records, known, average, left.height, right is not None)


def _clean_names(names: pl.Series) -> pl.Series:
    """Without spaces, dots of transliterated names, brackets and what stands in them."""
    return (
        names.fill_null("")
        .str.replace_all(r"[(（\[【].*?[)）\]】]", "")
        .str.replace_all(r"[\s　·•・．.‧∙⋅。,，'‘’`\-_/\\、0-9０-９()（）]+", "")
        .str.replace_all("[＊×]", "*")
    )


def _hashed(column: pl.Series) -> Hashes:
    hashes = column.hash(seed=1).to_numpy().copy()
    hashes[(column == "").to_numpy()] = 0
    return hashes


def _shares(values: Hashes, average: float) -> tuple[Singles, float]:
    """ln of each value's share, and the chance that two records share one."""
    counts = pl.DataFrame({"value": values}).select(pl.len().over("value")).to_series().to_numpy()
    filled = values != 0
    total = float(filled.sum())
    weight = HOLDERS / average
    # The two records that are compared are not counted: how many others bear the value?
    share = np.clip((np.maximum(counts - 2.0, 0.0) + HOLDERS) / (total + weight), 1e-12, 1.0)
    # Ordered pairs that agree: Σ over values of c(c-1) = Σ over records of (c-1).
    agreeing = float((counts[filled] - 1).sum())
    chance = (agreeing + weight * HOLDERS) / (total * max(total - 1, 0) + weight * weight)
    return np.where(filled, np.log(share), 0.0).astype(np.float32), min(chance, 1.0)
