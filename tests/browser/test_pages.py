"""Every page on a phone and on a desk: readable, nothing sideways, axe finds nothing."""

import gzip
import os
import re
from pathlib import Path

import pytest

from tests.world import A

from .conftest import DESKTOP, PHONE, ROOT

PUBLIC = [
    "/",
    f"/?place={A}",
    f"/?place={A}&time=weekend&pay=5000",
    "/?where=测试",
    "/?where=没有这个地方",
    "/signin/",
    "/styleguide/",
]
STAFF = [
    ("worker-c", "/community/"),
    ("worker-c", "/community/?mine=1"),
    ("worker-c", "/community/people/"),
    ("worker-c", "/community/people/?group=大龄&age_from=40&sort=-age"),
    ("worker-c", "/community/people/?q=没有这个人"),
    ("worker-c", "/community/people/?age_from=x"),
    ("worker-c", "/community/vacancies/"),
    ("worker-c", "/community/vacancies/new/"),
    ("worker-c", "/community/training/"),
    ("worker-c", "/community/imports/"),
    ("worker-c", "/community/imports/?kind=vacancies"),
    ("worker-c", "/account/switch/"),
    ("worker-d", "/community/"),
    ("worker-d", "/community/people/"),
    ("worker-d", "/community/vacancies/"),
    ("clerk", "/community/summary/"),
    ("clerk", f"/community/people/?unit={A}"),
    ("county", "/community/summary/"),
    ("city", "/community/"),
    ("city", "/community/summary/?unit=371002001000"),
]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_public_pages(visit, size: tuple[int, int]) -> None:
    visitor = visit(size)
    for path in PUBLIC:
        visitor.go(path)
        visitor.sound()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("username", sorted({name for name, _ in STAFF}))
def test_staff_pages(visit, size: tuple[int, int], username: str) -> None:
    visitor = visit(size, username)
    for name, path in STAFF:
        if name == username:
            visitor.go(path)
            visitor.sound()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_one_person_and_what_hangs_on_it(visit, size: tuple[int, int]) -> None:
    visitor = visit(size, "worker-c")
    path = visitor.first_person()
    visitor.sound()
    visitor.page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    visitor.sound()
    for rest in ("print/", "edit/", "match/"):
        visitor.go(path + rest)
        visitor.sound()


def test_who_fits_a_vacancy(visit) -> None:
    visitor = visit(PHONE, "worker-a")
    visitor.go("/community/vacancies/").locator("tbody th a").first.click()
    visitor.page.get_by_role("link", name="谁合适").click()
    visitor.page.get_by_role("heading", name="谁适合").wait_for()
    visitor.sound()


@pytest.mark.parametrize("path", ["/nothing/", "/jobs/999999/"])
def test_pages_that_are_not_there(visit, path: str) -> None:
    visitor = visit(PHONE)
    visitor.go(path)
    visitor.faults.clear()  # the 404 itself
    assert visitor.page.get_by_role("heading", name="没有找到这一页").is_visible()
    visitor.sound()


def test_a_page_beyond_ones_rights(visit) -> None:
    visitor = visit(PHONE, "city")
    visitor.go("/community/people/")
    visitor.faults.clear()  # the 403 itself
    assert visitor.page.get_by_role("heading", name="您不能打开这一页").is_visible()
    visitor.sound()


@pytest.mark.parametrize("path", ["/", f"/?place={A}", "/signin/"])
def test_large_type_has_big_letters_and_big_targets(visit, path: str) -> None:
    """适老化: body of at least 18 px, main targets of at least 60 px."""
    visitor = visit(PHONE, large=True)
    page = visitor.go(path)
    visitor.sound()
    size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert size >= 18
    heights = page.locator("main .btn:visible, main .form-control:visible").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 60


def test_large_type_on_the_desk(visit) -> None:
    visitor = visit(PHONE, "worker-c", large=True)
    for path in ("/community/", "/community/people/", visitor.first_person()):
        visitor.go(path)
        visitor.sound()


def test_targets_on_a_phone_are_fit_for_a_thumb(visit) -> None:
    visitor = visit(PHONE, "worker-c")
    for path in ("/community/", "/community/people/", "/community/vacancies/new/"):
        page = visitor.go(path)
        small = page.locator("main .btn:visible, .wy-nav-link:visible").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
        )
        assert small == []


def test_the_first_view_is_light(visit) -> None:
    """Under 200 kB compressed, beside fonts."""
    visitor = visit(PHONE)
    weight: dict[str, int] = {}
    visitor.page.on(
        "response", lambda got: weight.__setitem__(got.url, len(gzip.compress(got.body())))
    )
    visitor.go(f"/?place={A}").wait_for_load_state("networkidle")
    assert len(weight) > 5
    assert sum(weight.values()) < 200_000, weight


def test_styles_name_no_other_host() -> None:
    folder = ROOT / "src/weiye/desks/components/static"
    vendor = Path(os.environ.get("WEIYE_HOME", ROOT / "var")) / "vendor"
    for path in [*folder.rglob("*.css"), *vendor.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", text), path
        assert "@import" not in text, path
