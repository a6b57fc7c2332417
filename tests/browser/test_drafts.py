"""A form is kept as it is typed: after leaving, after the session's end, off line; two on one."""

from typing import Any

from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE, Visitor

SAVED = "已自动保存"


def typed(visitor: Visitor, label: str, text: str) -> None:
    visitor.page.get_by_label(label).fill(text)


def saved(visitor: Visitor) -> None:
    visitor.page.locator("[data-draft-state]", has_text=SAVED).wait_for()


def test_what_was_typed_is_there_again_and_can_be_thrown_away(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-b")
    page = visitor.go("/community/vacancies/new/")
    typed(visitor, "岗位名称", "打字员")
    page.get_by_label("周末上午").check()
    saved(visitor)
    visitor.sound()
    visitor.go("/community/")
    page = visitor.go("/community/vacancies/new/")
    assert page.get_by_text("已恢复您没填完的内容").is_visible()
    assert page.get_by_label("岗位名称").input_value() == "打字员"
    assert page.get_by_label("周末上午").is_checked()
    visitor.sound()
    # On another machine as well.
    other = visit(PHONE, "worker-b")
    other.go("/community/vacancies/new/")
    assert other.page.locator("#id_title").input_value() == "打字员"
    # Nobody else's.
    stranger = visit(DESKTOP, "worker-c")
    stranger.go("/community/vacancies/new/")
    assert stranger.page.get_by_label("岗位名称").input_value() == ""
    page.get_by_role("button", name="丢弃，重新填").click()
    expect(page.locator("#id_title")).to_have_value("")
    assert not page.get_by_text("已恢复您没填完的内容").is_visible()


def test_after_the_session_ended_nothing_typed_is_lost(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-d")
    page = visitor.go("/community/vacancies/new/")
    typed(visitor, "新单位名称", "安心超市")
    saved(visitor)
    cookies = visitor.context.cookies()
    visitor.context.clear_cookies()
    typed(visitor, "岗位名称", "理货员")
    page.get_by_role("button", name="存为草稿").click()
    # It has not left: whoever is signed out is told so, and the page keeps everything.
    page.get_by_text("登录已过期，填的内容还在这一页").wait_for()
    assert page.get_by_label("岗位名称").input_value() == "理货员"
    visitor.faults.clear()
    # Signed in again in a second window, it goes out from where it was.
    visitor.context.add_cookies(cookies)
    page.get_by_role("button", name="存为草稿").click()
    page.get_by_text("“理货员”已保存").wait_for()
    page = visitor.go("/community/vacancies/new/")
    assert page.get_by_label("岗位名称").input_value() == ""
    # And whoever signs in later on finds what was kept.
    typed(visitor, "岗位名称", "收银员")
    saved(visitor)
    visitor.context.clear_cookies()
    visitor.sign_in("worker-d")
    page = visitor.go("/community/vacancies/new/")
    assert page.get_by_label("岗位名称").input_value() == "收银员"
    page.get_by_role("button", name="丢弃，重新填").click()


def test_off_line_the_form_stays_and_is_kept_when_the_network_is_back(visit: Any) -> None:
    visitor = visit(PHONE, "worker-c")
    visitor.first_person()
    page = visitor.page
    visitor.context.set_offline(True)
    page.locator("#id_note").fill("在楼下遇到，约了周三")
    page.get_by_role("button", name="保存这次联系").click()
    page.get_by_text("网络断开了，内容还在这一页").wait_for()
    assert page.locator("#id_note").input_value() == "在楼下遇到，约了周三"
    visitor.faults.clear()
    visitor.context.set_offline(False)
    saved(visitor)
    page.reload()
    assert page.locator("#id_note").input_value() == "在楼下遇到，约了周三"
    page.locator("[data-draft-discard]").click()
    expect(page.locator("#id_note")).to_have_value("")


def test_the_second_of_two_is_told_what_the_first_changed(visit: Any) -> None:
    first, second = visit(DESKTOP, "worker-c"), visit(DESKTOP, "worker-c")
    path = first.first_person() + "edit/"
    first.go(path)
    second.go(path)
    typed(first, "会什么", "做饭")
    saved(first)  # nothing is left to keep: the form goes at once
    first.page.get_by_role("button", name="保存").first.click()
    first.page.get_by_text("已保存。").wait_for()
    typed(second, "会什么", "保洁")
    typed(second, "想学什么", "面点")
    second.page.get_by_role("button", name="保存").first.click()
    page = second.page
    page.get_by_text("您填写的时候，有人改过这条记录。", exact=True).wait_for()
    second.faults.clear()  # the 422 itself
    second.sound()
    page.locator(".wy-tile", has_text="对方改成：做饭").click()
    page.get_by_role("button", name="保存").first.click()
    page.get_by_text("已保存。").wait_for()
    page = second.go(path)
    assert page.get_by_label("会什么").input_value() == "做饭"
    assert page.get_by_label("想学什么").input_value() == "面点"
