"""What every view declares before it may be reached.

A view without a declaration is refused. There are three kinds, and no fourth:

- ``@public("why")``: anybody, signed in or not; the fence is shut, so fenced tables show no rows.
- ``@signed_in``: any account with a membership: its own session, or rows that name the right that
  they ask for (`RightfulQuerySet`).
- ``@right("people.list")``: roles that grant the right, within their own area.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, overload

View = Callable[..., Any]


@dataclass(frozen=True)
class Access:
    kind: Literal["public", "signed_in", "right"]
    right: str = ""
    reason: str = ""
    # The view opens its own fences, each a transaction: what it counts must stay whatever follows.
    apart: bool = False


def _declare(access: Access, view: View) -> View:
    # With the very function that it was made for: `functools.wraps` copies attributes, and a
    # wrapper runs code of its own that nobody has declared.
    view.access = (view, access)  # type: ignore[attr-defined]
    return view


def public(reason: str, *, apart: bool = False) -> Callable[[View], View]:
    """Open to everybody, and why that is right.

    ``apart``: run outside the request's transaction, where nothing fenced is visible at all; the
    view opens fences of its own (signing in).
    """
    return partial(_declare, Access("public", reason=reason, apart=apart))


@overload
def signed_in(view: View) -> View: ...
@overload
def signed_in(*, apart: bool) -> Callable[[View], View]: ...
def signed_in(view: View | None = None, *, apart: bool = False) -> View | Callable[[View], View]:
    """Open to every account with a membership. ``apart``: as with `public`, for pages that ask for
    the password once more."""
    declare = partial(_declare, Access("signed_in", apart=apart))
    return declare if view is None else declare(view)


def right(name: str) -> Callable[[View], View]:
    """Open to roles that grant ``name``, inside the fence of the actor's area."""
    return partial(_declare, Access("right", right=name))


def declared(view: View) -> Access | None:
    """The view's own declaration. What wraps a declared view, `functools.wraps` or not, has none:
    the access decorator stands outermost."""
    of, access = getattr(view, "__dict__", {}).get("access", (None, None))
    return access if of is view else None
