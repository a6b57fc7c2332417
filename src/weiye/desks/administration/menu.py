"""The desk's menu, gathered from its folders."""

from .access import nav as access
from .accounts import nav as accounts
from .audit import nav as audit
from .packs import nav as packs
from .units import nav as units
from .upkeep import nav as upkeep

MENU = (*units.NAV, *accounts.NAV, *access.NAV, *audit.NAV, *packs.NAV, *upkeep.NAV)
