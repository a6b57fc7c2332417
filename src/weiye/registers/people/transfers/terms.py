"""What the pack of a place decides about transfers."""

from dataclasses import dataclass
from datetime import date

from weiye.base.packs import load_pack

from ..frames import community_code


@dataclass(frozen=True)
class Terms:
    """Days until the units above may decide, until a request lapses; asks a day by one account."""

    escalate_days: int
    expire_days: int
    asks_per_day: int
    asks_per_day_by_roster: int


def terms(path: str, on: date) -> Terms:
    """The terms at a unit on a day (parameters ``transfer_…`` of the pack: platform defaults)."""
    code = community_code(path or "37/")
    parameters = load_pack(code).parameters
    return Terms(
        **{
            name: int(parameters[f"transfer_{name}"].value(on, code) or 0)
            for name in Terms.__annotations__
        }
    )
