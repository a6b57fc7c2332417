"""What can be wrong with a rule or with the facts it is asked about."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?", if something known is spelt much like ``name``."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


class RuleError(ValueError):
    """A rule that cannot mean anything.

    ``column`` (1-based) points into its expression, or into that of ``inside``, the term or group
    in which the trouble lies.
    """

    def __init__(self, message: str, *, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.inside = ""


class FactsError(ValueError):
    """Facts of the wrong type. ``problems`` has one sentence per ill-typed fact."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:20]
        more = len(problems) - len(shown)
        text = "; ".join(shown) + (f"; and {more} more" if more else "")
        super().__init__(f"facts do not fit: {text}")
        self.problems = problems
