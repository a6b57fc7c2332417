"""Who people are on paper: name, document, birth date, telephone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from .households import CHILD, PARENT, SPOUSE, Members
from .identifiers import Serials, id_numbers, phones
from .names import Naming, full_names, surnames

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

ID_CARD: Final = "居民身份证"
AREA_PHONES: Final = 100_003
"""Telephone numbers kept for each first area code."""


@dataclass
class Numbering:
    """What has been numbered so far, so that societies made one after the other share nothing."""

    serials: Serials = field(default_factory=Serials)
    people: int = 0
    households: int = 0
    employers: int = 0
    vacancies: int = 0

    def phone_serials(self, count: int) -> Ints:
        """Serial numbers of the telephones of the next so many people."""
        first = self.serials.first_area * AREA_PHONES + self.people
        serials: Ints = np.arange(first, first + count)
        return serials


def siblings(members: Members) -> Ints:
    """The row of the next elder child of the same household, or -1."""
    child = members.role == CHILD
    follows = np.zeros(len(child), dtype=bool)
    follows[1:] = child[1:] & child[:-1] & (members.household[1:] == members.household[:-1])
    return np.where(follows, np.arange(len(child)) - 1, -1)


def twins(members: Members, birth: Days) -> Days:
    """Birth dates in which children of one household and one age are twins."""
    elder = siblings(members)
    same = (elder >= 0) & (members.age[elder] == members.age)
    # The eldest of a run of equals: its birth date is everybody's.
    eldest = np.maximum.accumulate(np.where(same, 0, np.arange(len(same))))
    return birth[eldest]


def identity_frame(
    rng: np.random.Generator,
    naming: Naming,
    documents: Mapping[str, Any],
    members: Members,
    birth: Days,
    numbering: Numbering,
) -> pl.DataFrame:
    """`name, id_kind, id_number, phone` of everybody, row by row; the numbers are new.

    Children bear the family's name, spouses and mothers their own. Few people have another
    document than an ID card (`documents`: share and shape of each kind).
    """
    for_names, for_phones, for_documents = rng.spawn(3)
    count, female = len(birth), members.female
    family = surnames(for_names, naming, int(members.household.max(initial=-1)) + 1)
    own = (members.role == SPOUSE) | ((members.role == PARENT) & female)
    surname = pl.select(
        pl.when(pl.Series(own))
        .then(surnames(for_names, naming, count))
        .otherwise(family.gather(members.household))
    ).to_series()
    name = full_names(for_names, naming, surname, female, members.age, siblings(members))

    has = (members.age >= 12) & (for_phones.random(count) < 0.97)
    phone = pl.select(pl.when(pl.Series(has)).then(phones(numbering.phone_serials(count))))
    number = id_numbers(as_number(birth), female, serials=numbering.serials)
    kind = pl.select(pl.repeat(ID_CARD, count)).to_series()

    dice = for_documents.random(count)
    below = 0.0
    for title, entry in documents.items():
        where = np.flatnonzero((dice >= below) & (dice < below + entry["share"]))
        below += entry["share"]
        digits = entry["digits"]
        made = [str(one % 10**digits).zfill(digits) for one in (numbering.people + where).tolist()]
        kind = kind.scatter(where, title)
        number = number.scatter(where, pl.Series([entry["prefix"] + one for one in made]))
    return pl.DataFrame(
        {"name": name, "id_kind": kind, "id_number": number, "phone": phone.to_series()}
    )


def as_number(birth: Days) -> Ints:
    """Days as yyyymmdd."""
    number: Ints = pl.Series(birth).dt.strftime("%Y%m%d").cast(pl.Int64).to_numpy()
    return number
