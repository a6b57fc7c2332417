"""No page breaks its own policy: nothing inline, nothing from elsewhere, nothing evaluated."""

import pytest

from .conftest import DESKTOP
from .test_pages import PUBLIC, STAFF

LISTEN = """
window.broken = [];
document.addEventListener('securitypolicyviolation', e => window.broken.push(
  [e.effectiveDirective, e.blockedURI, e.sourceFile, e.lineNumber, e.sample].join(' ')));
"""


def walk(visitor, paths: list[str]) -> list[str]:  # type: ignore[no-untyped-def]
    found = []
    visitor.page.add_init_script(LISTEN)
    for path in paths:
        visitor.go(path)
        visitor.page.wait_for_load_state("networkidle")
        found += [f"{path}: {each}" for each in visitor.page.evaluate("window.broken")]
    return found


def test_public_pages_keep_their_policy(visit) -> None:  # type: ignore[no-untyped-def]
    assert walk(visit(DESKTOP), PUBLIC) == []


@pytest.mark.parametrize("username", sorted({name for name, _ in STAFF}))
def test_staff_pages_keep_their_policy(visit, username: str) -> None:  # type: ignore[no-untyped-def]
    visitor = visit(DESKTOP, username)
    assert walk(visitor, [path for name, path in STAFF if name == username]) == []


def test_the_administrators_pages_keep_their_policy(visit) -> None:  # type: ignore[no-untyped-def]
    """With a look at what an examination shows, and that a breach would be noticed at all."""
    visitor = visit(DESKTOP)
    visitor.page.add_init_script(LISTEN)
    visitor.go("/")
    visitor.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = '1';"
        " document.body.append(s); const d = document.createElement('div');"
        " d.setAttribute('style', 'color: red'); document.body.append(d); }"
    )
    visitor.page.wait_for_function("window.broken.length >= 2")
    assert {each.split()[0] for each in visitor.page.evaluate("window.broken")} == {
        "script-src-elem",
        "style-src-attr",
    }
