"""The tables that linkage reads and writes."""

from __future__ import annotations

from typing import Final

import polars as pl

from weiye.engine.tables import Column

# Everything but the id is read as text: what cannot be understood counts as empty, and never
# costs its row.
RECORDS: Final = [
    Column("id", pl.String, nullable=False, unique=True),
    Column("name", pl.String, required=False),
    Column("id_number", pl.String, required=False),
    Column("birth_date", pl.String, required=False),
    Column("sex", pl.String, required=False),
    Column("phone", pl.String, required=False),
    Column("address", pl.String, required=False),
    Column("unit", pl.String, required=False),
]
LINKS: Final = {
    "left_id": pl.String,
    "right_id": pl.String,
    "probability": pl.Float64,
    "decision": pl.String,
    "evidence": pl.String,
}
DECIDED: Final = [
    Column("left_id", pl.String, nullable=False),
    Column("right_id", pl.String, nullable=False),
    Column("same", pl.Boolean, nullable=False),
]
LINK: Final = "link"
REVIEW: Final = "review"
