"""Trees → steps of the machine.

What the machine does not know raises `Unfit`; such a rule stays with Polars. Meanings are those of
`compile`, which has checked the rule before: types and names are taken to be right here.
"""

from .lowering import Lowering
from .values import Unfit, Value

__all__ = ["Lowering", "Unfit", "Value"]
