"""Trees → Polars expressions with three-valued (Kleene) logic: null is unknown.

A value that is *known not to exist* (never registered, no household) is not null-unknown but
``none``: it travels as a second, never-null mask. Any comparison with it is false.
"""

from .bindings import HOUSEHOLD, HOUSEHOLD_KNOWN, NONE
from .compiler import Compiler
from .values import fen

__all__ = ["HOUSEHOLD", "HOUSEHOLD_KNOWN", "NONE", "Compiler", "fen"]
