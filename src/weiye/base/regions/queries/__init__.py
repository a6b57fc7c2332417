"""Reading the tree. It is public; ``visible_to`` bounds what an actor may act on."""

from .past import Remap, UnitOn, history, remap, rolled_up, tree, unit_on
from .places import ancestors, children, offspring_on, trail, unit_by_code
from .searching import Found, search, search_with_places, suggest

__all__ = [
    "Found",
    "Remap",
    "UnitOn",
    "ancestors",
    "children",
    "history",
    "offspring_on",
    "remap",
    "rolled_up",
    "search",
    "search_with_places",
    "suggest",
    "trail",
    "tree",
    "unit_by_code",
    "unit_on",
]
