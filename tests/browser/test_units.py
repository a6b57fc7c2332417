"""The tree's pages on a phone and on a desk; suggestions and a change by keyboard alone."""

from collections.abc import Callable

import pytest

from tests.world import A, B

from .conftest import DESKTOP, PHONE, Visitor

PAGES = [
    "/administration/units/",
    "/administration/units/?q=测试",
    "/administration/units/?q=没有这个地方&mine=1&level=street",
    f"/administration/units/{A}/",
    "/administration/units/371002000000/?on=2026-01-05",
    f"/administration/units/{A}/amend/",
    f"/administration/units/{A}/move/",
    f"/administration/units/{A}/merge/",
    "/administration/units/371002001000/split/",
    f"/administration/units/{A}/close/",
    f"/administration/units/{A}/add/",
    "/administration/units/import/",
]


@pytest.mark.requirement("ORG-1")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_pages_of_the_tree(visit: Callable[..., Visitor], size: tuple[int, int]) -> None:
    visitor = visit(size, "admin")
    for path in PAGES:
        visitor.go(path)
        visitor.sound()


@pytest.mark.requirement("ORG-1")
def test_a_unit_is_merged_by_keyboard_up_to_the_last_step(visit: Callable[..., Visitor]) -> None:
    visitor = visit(DESKTOP, "admin")
    visitor.go(f"/administration/units/{A}/merge/")
    page = visitor.page
    page.focus("[name=into]")
    page.keyboard.type("测试乙")
    page.wait_for_selector(f"#id_into_list option[value^='{B}']", state="attached")
    page.fill("[name=into]", B)
    page.keyboard.press("Enter")
    page.wait_for_selector("#effects")
    assert page.evaluate("document.activeElement.id") == "effects"
    visitor.sound()
    page.click("text=回去改")
    page.wait_for_selector("[name=into]")
    assert page.input_value("[name=into]") == B
    visitor.sound()


@pytest.mark.requirement("ORG-1")
def test_what_a_phones_bar_cannot_hold_opens_by_keyboard(visit: Callable[..., Visitor]) -> None:
    visitor = visit(PHONE, "admin")
    page = visitor.go("/administration/units/")
    more = page.locator(".wy-nav-more summary")
    hidden = page.locator(".wy-nav-more a").first
    assert page.locator(".wy-nav > ul > li:visible").count() <= 5
    assert not hidden.is_visible()
    more.focus()
    page.keyboard.press("Enter")
    hidden.wait_for()
    visitor.sound()
    box = page.locator(".wy-nav-more .wy-menu-body").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE[0]
    page.keyboard.press("Escape")
    hidden.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    more.click()
    hidden.click()
    page.wait_for_url(lambda url: "/administration/units/" not in url)
    assert page.locator(".wy-nav-more summary").get_attribute("aria-current") == "true"
    visitor.sound()
    wide = visit(DESKTOP, "admin").go("/administration/units/")
    assert not wide.locator(".wy-nav-more").is_visible()
    assert wide.locator(".wy-nav-rest a").first.is_visible()
