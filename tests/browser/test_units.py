"""The tree's pages on a phone and on a desk; suggestions and a change by keyboard alone."""

import pytest

from tests.world import A, B

from .conftest import DESKTOP, PHONE

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
def test_pages_of_the_tree(visit, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    visitor = visit(size, "admin")
    for path in PAGES:
        visitor.go(path)
        visitor.sound()


@pytest.mark.requirement("ORG-1")
def test_a_unit_is_merged_by_keyboard_up_to_the_last_step(visit) -> None:  # type: ignore[no-untyped-def]
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
