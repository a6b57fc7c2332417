"""Every page that there is, from the URL map and the links on the pages: for eyes, thumbs, screen
readers; in light, dark and large type. A new page is covered as soon as it exists.
"""

from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse

from weiye.base.scope.access import declared

from .conftest import DESKTOP, PHONE, Visitor

# In the order in which they look: what one has seen the next need not.
ROLES = [
    "",
    "worker-c",
    "justice-c",
    "clerk",
    "county",
    "city",
    "admin",
    "auditor",
    "department",
    "resident-1",
]
# Not looked at: signing out ends the walk.
LEFT_OUT = {"components:signout"}

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Heights and widths of what is pressed; a link within a text is as high as the text (WCAG 2.5.8).
SMALL = """(least) => [...document.querySelectorAll(
    'main .btn, main .form-control, main .form-select, main .wy-tile, .wy-nav-link,'
    + 'main summary.btn, main .wy-pages a, main .wy-week-box, .wy-theme-pick button')]
  .filter(e => e.checkVisibility() && !e.closest('.wy-sheet'))
  .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
  .filter(([r]) => r.height && r.height < least - 0.5)
  .map(([r, html]) => `${Math.round(r.height)}px: ${html}`)"""


def names(resolver: URLResolver | None = None, space: str = "") -> dict[str, tuple[Any, bool]]:
    """Route → its view, and whether its address takes arguments."""
    found: dict[str, tuple[Any, bool]] = {}
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            found[f"{space}{entry.name}"] = (entry.callback, bool(entry.pattern.converters))
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            found |= names(entry, inner)
    return found


ROUTES = names()


def sign_in(visitor: Visitor, username: str) -> None:
    from tests.world import PASSWORD

    page = visitor.go("/signin/")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/signin/" not in url)


def route_of(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def look(visitor: Visitor) -> list[str]:
    """What is wrong with the page that is open."""
    page, found = visitor.page, []
    try:
        visitor.sound()
    except AssertionError as error:
        found.append(str(error))
    visitor.faults.clear()
    if small := page.evaluate(SMALL, 44):
        found.append(f"too small for a thumb: {small}")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    if dark := visitor.violations(["color-contrast"]):
        found.append(f"in the dark: {dark}")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    page.evaluate("document.documentElement.classList.add('wy-large')")
    if (over := page.evaluate(SIDEWAYS)) > 0:
        found.append(f"in large type {over}px sideways")
    if small := page.evaluate(SMALL, 60):
        found.append(f"too small in large type: {small}")
    page.evaluate("document.documentElement.classList.remove('wy-large')")
    # A desk at 200 %: half its pixels.
    for width, height in ((DESKTOP[0] // 2, DESKTOP[1] // 2), DESKTOP):
        page.set_viewport_size({"width": width, "height": height})
        if (over := page.evaluate(SIDEWAYS)) > 0:
            found.append(f"at {width}px {over}px sideways")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    return found


def test_every_page_is_for_everybody(visit) -> None:
    seen: dict[str, str] = {}
    wrong: list[str] = []
    for role in ROLES:
        # At once: what fades from light to dark has neither's contrast on the way.
        visitor = visit(PHONE, reduced_motion="reduce")
        if role:
            sign_in(visitor, role)
        waiting = [visitor.page.url.removeprefix(visitor.address)] if role else []
        waiting += [
            reverse(name) for name, (_, arguments) in ROUTES.items() if not arguments and name
        ]
        home = True
        while waiting:
            path = waiting.pop(0)
            name = route_of(urlsplit(path).path)
            if not name or name in LEFT_OUT or (name in seen and not home):
                continue
            home = False
            answer = visitor.context.request.get(visitor.address + path, max_redirects=0)
            kind = answer.headers.get("content-type", "")
            if answer.status != 200 or not kind.startswith("text/html"):
                continue
            if "<html" not in answer.text():
                continue  # a fragment
            seen.setdefault(name, role)
            visitor.go(path)
            wrong += [f"{role or 'anybody'} {path}: {line}" for line in look(visitor)]
            links = visitor.page.eval_on_selector_all(
                "a[href]", "all => all.filter(a => !a.download).map(a => a.href)"
            )
            waiting += [
                link.removeprefix(visitor.address).partition("#")[0]
                for link in dict.fromkeys(links)
                if link.startswith(visitor.address)
            ]
    assert not wrong, "\n".join(["", *wrong])
    unseen = {
        name
        for name, (view, arguments) in ROUTES.items()
        if not arguments and name not in seen and _shows_a_page(name, view)
    }
    assert unseen == set(), "no role of ROLES opened these"
    assert len(seen) > 25, sorted(seen)


# What a GET by itself does not open, and why.
WITHOUT_PAGE = {
    "healthz": "for programs",
    "readyz": "for programs",
    "metrics": "for programs",
    "components:units": "suggestions while a name is typed: a fragment",
    "administration:unit-pick": "the same, within one's own area",
    "resident:places": "the same, for the public list",
    "administration:access": "leads on to the first page that the role may open",
    "administration:unit-import-template": "a file",
    "community:sample": "a file",
    "community:department-samples": "files, where the demonstration is loaded",
    "components:signin-password": "a step of signing in, only after the one before",
    "components:signin-code": "the same",
    "components:signin-enrol": "the same",
    "components:factor": "only for an account with a second factor",
}


def _shows_a_page(name: str, view: Any) -> bool:
    """Whether a route without arguments answers a GET with a page."""
    if declared(view) is None or name in WITHOUT_PAGE:
        return False
    # `require_POST` and its like hold the methods that they let through.
    cells = [cell.cell_contents for cell in view.__closure__ or ()]
    methods = [m for m in cells if isinstance(m, list) and all(isinstance(x, str) for x in m)]
    return not methods or "GET" in methods[0]
