"""Keyboard, lists without reloading, reveal, offline, and the same without scripts."""

import re

import pytest

from .conftest import DESKTOP, PHONE


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/community/", "更新四张清单"),
        ("/community/people/", "导入名册"),
        ("/community/vacancies/", "新增岗位"),
    ],
)
def test_the_main_action_is_reached_by_keyboard(visit, path: str, name: str) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go(path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            break
    else:
        pytest.fail(f"{name} is not among the first eight stops of the page")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_ledger_filters_sorts_and_turns_pages_without_reloading(visit) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/people/")
    page.evaluate("window.kept = true")
    rows = page.locator("#wy-list tbody tr")
    everybody = page.locator(".wy-list-bar strong").inner_text()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "list-q"
    page.get_by_text("筛选", exact=True).click()
    page.get_by_label("援助档案").select_option("有档案")
    page.get_by_role("link", name="去掉条件：援助档案：有档案").wait_for()
    assert "file=yes" in page.url
    assert int(page.locator(".wy-list-bar strong").inner_text()) < int(everybody)
    page.get_by_role("columnheader", name="年龄").get_by_role("link").click()
    page.locator("th[aria-sort=ascending]", has_text="年龄").wait_for()
    ages = [int(t) for t in rows.locator("td[data-label=年龄]").all_inner_texts()]
    assert ages == sorted(ages)
    assert "file=yes" in page.url
    assert "sort=age" in page.url
    visitor.sound()
    page.get_by_text("选择列").click()
    page.get_by_label("数据来源").check()
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_role("columnheader", name="数据来源").wait_for()
    assert page.evaluate("window.kept") is True
    # Back through everything: the list of the beginning, fresh from the server.
    page.evaluate("history.go(-3)")
    page.locator(".wy-list-bar strong", has_text=re.compile(f"^{everybody}$")).wait_for()
    assert page.url.endswith("/community/people/")
    assert rows.count() > 0


def test_picked_people_are_exported_and_downloaded(visit) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/people/?file=yes")
    bar = page.locator("[data-bulk]")
    assert not bar.is_visible()
    for box in page.get_by_label("选择", exact=True).all()[:2]:
        box.check()
    assert bar.get_by_text("已选 2 人").is_visible()
    visitor.sound()
    page.get_by_role("button", name="导出所选").click()
    visitor.see("共 2 人")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载结果").first.click()
    assert re.match(r"台账_测试丙社区_\d{8}\.xlsx", download.value.suggested_filename)


def test_a_masked_number_is_shown_on_request_and_hides_again(visit) -> None:
    visitor = visit(DESKTOP, "worker-c")
    visitor.first_person()
    page = visitor.page
    masked = page.locator("#masked-id_number")
    assert "*" in masked.inner_text()
    page.clock.install()
    masked.locator("summary").click()
    masked.get_by_role("combobox").select_option("核对身份")
    masked.get_by_role("button", name="查看完整身份证号").click()
    page.get_by_text("已记录查看").wait_for()
    assert re.search(r"\d{17}[\dX]", page.locator("#masked-id_number").inner_text())
    visitor.sound()
    page.clock.run_for(61_000)
    page.locator("#masked-id_number", has_text="*").wait_for()
    page.reload()
    page.get_by_text("谁看过这个人").click()
    assert page.get_by_text("查看了完整信息：核对身份").first.is_visible()


def test_an_entry_is_put_away_and_comes_back(visit) -> None:
    visitor = visit(PHONE, "worker-c")
    visitor.first_person()
    page = visitor.page
    first = page.locator("#list-need li").first
    title = first.locator(".wy-item-title").inner_text()
    first.get_by_text("不合适", exact=False).first.click()
    visitor.sound()
    first.get_by_role("button", name="不再推荐").click()
    page.get_by_text(f"不再推荐“{title}”").wait_for()
    page.get_by_text("不再推荐的 1 条").click()
    page.locator("main li", has_text=title).get_by_role("button", name="恢复").click()
    page.get_by_text(f"“{title}”已恢复到清单").wait_for()


def test_a_broken_network_is_said_and_nothing_is_lost(visit) -> None:
    visitor = visit(PHONE, "worker-c")
    page = visitor.go("/community/people/")
    page.get_by_label("搜索", exact=True).fill("王")
    visitor.context.set_offline(True)
    page.get_by_text("网络断开了。已打开的内容还能看").wait_for()
    page.get_by_role("button", name="搜索").click()
    page.get_by_text("刚才的操作没有送出").wait_for()
    assert page.get_by_label("搜索", exact=True).input_value() == "王"
    visitor.context.set_offline(False)
    page.get_by_text("网络断开了。已打开的内容还能看").wait_for(state="hidden")


def test_the_position_is_used_only_when_asked(visit) -> None:
    visitor = visit(
        PHONE, permissions=["geolocation"], geolocation={"longitude": 122.1, "latitude": 37.5}
    )
    page = visitor.go("/")
    page.get_by_role("button", name="用我现在的位置").click()
    page.get_by_role("heading", name="我的位置附近").wait_for()
    assert page.locator(".wy-near").first.inner_text().startswith("走路约")
    visitor.sound()


def test_without_scripts_the_work_still_gets_done(visit) -> None:
    visitor = visit(PHONE, "worker-c", java_script_enabled=False)
    page = visitor.go("/community/people/")
    page.get_by_text("筛选", exact=True).click()
    page.get_by_label("援助档案").select_option("有档案")
    page.get_by_role("button", name="应用筛选").click()
    assert "file=yes" in page.url
    page.locator("tbody th a").first.click()
    page.locator(".wy-tile", has_text="岗位推荐").click()
    page.locator(".wy-tile", has_text="上门").click()
    page.locator("#id_note").fill("上门介绍了食堂的岗位")
    page.get_by_role("button", name="保存这次联系").click()
    assert page.get_by_text("上门介绍了食堂的岗位").is_visible()
    page.locator("#masked-phone summary").click()
    page.get_by_role("button", name="查看完整电话").click()
    assert page.get_by_text("回到这个人").is_visible()


def test_an_expired_page_explains_itself(visit) -> None:
    visitor = visit(DESKTOP)
    page = visitor.go("/signin/")
    visitor.context.clear_cookies()
    page.get_by_label("用户名").fill("worker-c")
    page.get_by_label("密码").fill("whatever it was")
    page.get_by_role("button", name="登录").click()
    assert page.get_by_role("heading", name="页面放得太久，已过期").is_visible()
    visitor.faults.clear()  # the 403 itself
    visitor.sound()
