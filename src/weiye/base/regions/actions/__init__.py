"""Changes to the tree of units."""

from .changing import add, amend, close, merge, move, reopen, split
from .gathering import gather
from .importing import CHANGES, Judged, Sheet, import_changes, read_changes
from .loading import add_local_units, initials, load_functional, load_official, set_points
from .placing import Part
from .step import LONG, Outcome, preview, telling

__all__ = [
    "CHANGES",
    "LONG",
    "Judged",
    "Outcome",
    "Part",
    "Sheet",
    "add",
    "add_local_units",
    "amend",
    "close",
    "gather",
    "import_changes",
    "initials",
    "load_functional",
    "load_official",
    "merge",
    "move",
    "preview",
    "read_changes",
    "reopen",
    "set_points",
    "split",
    "telling",
]
