"""Rosters as departments would send them, made from one truth that is kept apart.

`linkage_tables` gives two plain tables with the pairs that belong together; `Rosters` writes
files in each department's own shape. Both plant errors at the rates of a pack (`errors.yaml`) and
say which were planted where.
"""

from .characters import Characters
from .errors import Mistakes
from .linkage import LinkageTables, linkage_tables
from .rosters import Rosters

__all__ = ["Characters", "LinkageTables", "Mistakes", "Rosters", "linkage_tables"]
