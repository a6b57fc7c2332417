"""Files of changed codes as bytes."""

import tempfile
from pathlib import Path

import polars as pl

from weiye.base.regions import actions
from weiye.base.regions.actions import Sheet
from weiye.engine.tables import write_table


def read(name: str, content: bytes) -> Sheet:
    """Raises `TableError` for a file that cannot be used at all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"文件{Path(name).suffix.lower()}"
        path.write_bytes(content)
        return actions.read_changes(path)


def xlsx(frame: pl.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "结果.xlsx"
        write_table(frame, path)
        return path.read_bytes()
