"""Taking over what was answered at a door, and deciding what was left to decide."""

from .deciding import decide, settle
from .looking import open_checks, open_door
from .submitting import Submitted, submit_survey

__all__ = ["Submitted", "decide", "open_checks", "open_door", "settle", "submit_survey"]
