"""The numbers of signing in: `rules.yaml`, read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Limit:
    """So many failures within ``minutes``; then locked for as long."""

    failures: int
    minutes: int

    @property
    def span(self) -> timedelta:
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Rules:
    length: int
    kinds: int
    long_length: int
    long_kinds: int
    not_last: int
    password_age: timedelta
    temporary_age: timedelta
    lockout: dict[str, Limit]
    idle: timedelta
    session: timedelta
    pending: timedelta
    digits: int
    seconds: int
    drift: int
    recovery_codes: int
    new_days: int
    unused_days: int
    ending_days: int


@cache
def rules() -> Rules:
    found = yaml.safe_load(Path(__file__).with_name("rules.yaml").read_text(encoding="utf-8"))
    password, session, totp, review = (
        found[part] for part in ("password", "session", "totp", "review")
    )
    return Rules(
        length=password["length"],
        kinds=password["kinds"],
        long_length=password["long"]["length"],
        long_kinds=password["long"]["kinds"],
        not_last=password["not_last"],
        password_age=timedelta(days=password["days"]),
        temporary_age=timedelta(days=password["temporary_days"]),
        lockout={kind: Limit(**limit) for kind, limit in found["lockout"].items()},
        idle=timedelta(minutes=session["idle_minutes"]),
        session=timedelta(hours=session["hours"]),
        pending=timedelta(minutes=session["pending_minutes"]),
        digits=totp["digits"],
        seconds=totp["seconds"],
        drift=totp["drift"],
        recovery_codes=totp["recovery_codes"],
        new_days=review["new_days"],
        unused_days=review["unused_days"],
        ending_days=review["ending_days"],
    )
