"""A number that is searched for stands in no address, with scripts and without."""

import pytest

from .conftest import DESKTOP


@pytest.mark.parametrize("scripts", [True, False])
def test_a_number_searched_for_stands_in_no_address(visit, scripts: bool) -> None:
    visitor = visit(DESKTOP, "worker-c", java_script_enabled=scripts)
    page = visitor.go("/community/people/")
    page.locator("#list-q").fill("20000000000")
    page.get_by_role("button", name="搜索").click()
    chip = page.get_by_role("link", name="去掉条件：按号码查找")
    chip.wait_for()
    assert "q=%23" in page.url
    assert "2000000" not in page.url
    visitor.go(page.url.removeprefix(visitor.address))
    chip.wait_for()
    assert page.locator("#list-q").input_value() == ""
    # Another filter keeps it; lifting it brings everybody back.
    page.get_by_text("筛选", exact=True).click()
    page.get_by_label("援助档案").select_option("有档案")
    if not scripts:
        page.get_by_role("button", name="应用筛选").click()
    page.get_by_role("link", name="去掉条件：援助档案：有档案").wait_for()
    assert "q=%23" in page.url
    chip.click()
    page.wait_for_url("**/people/?file=yes")
    assert page.locator("#wy-list tbody tr").count() > 0
