"""Rosters as departments would send them, made from one truth that is kept apart.

`linkage_tables` gives two plain tables with the pairs that belong together; `write_rosters` files
in each department's own shape. Both plant errors at the rates of a pack (`errors.yaml`) and say
which were planted where.
"""

from .linkage import LinkageTables, linkage_tables

__all__ = ["LinkageTables", "linkage_tables"]
