"""Lists by keyboard, rows picked, columns remembered; help, weight, the dark, reading aloud."""

import gzip
import re
from typing import Any

from .conftest import DESKTOP, PHONE


def test_rows_by_keyboard(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/people/")
    links = page.locator("#wy-list tbody th a")

    def here() -> str:
        return str(page.evaluate("document.activeElement.textContent"))

    first, second = links.nth(0).inner_text(), links.nth(1).inner_text()
    page.keyboard.press("j")
    assert here() == first
    page.keyboard.press("ArrowDown")
    assert here() == second
    page.keyboard.press("x")
    assert page.get_by_text("已选 1 人").is_visible()
    page.keyboard.press("k")
    assert here() == first
    # While something is typed the keys are letters.
    page.keyboard.press("/")
    page.keyboard.type("jkx?")
    assert page.locator("#list-q").input_value() == "jkx?"
    assert page.get_by_text("已选 1 人").is_visible()
    page.locator("#list-q").fill("")
    links.nth(1).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=second, exact=True).wait_for()


def test_the_help_says_the_keys_of_the_page(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/people/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="键盘快捷键")
    assert dialog.get_by_text("列表里下一行").is_visible()
    visitor.sound()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    visitor.go("/community/imports/")
    page.keyboard.press("?")
    assert not dialog.get_by_text("列表里下一行").is_visible()


def test_everything_found_is_picked_and_exported(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/people/")
    total = page.locator(".wy-list-bar strong").inner_text()
    page.get_by_label("选择本页全部").check()
    everything = page.locator("[data-found] input")
    if everything.count():
        assert everything.is_visible()
        everything.check()
        assert page.get_by_text(re.compile(rf"已选\s*{total}\s*人")).is_visible()
    visitor.sound()
    page.get_by_role("button", name="导出所选").click()
    visitor.see(f"共 {total} 人")


def test_columns_are_remembered_across_sessions(visit: Any) -> None:
    visitor = visit(DESKTOP, "worker-c")
    page = visitor.go("/community/training/")
    page.get_by_text("选择列").click()
    page.get_by_label("参训要求").check()
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_role("columnheader", name="参训要求").wait_for()
    assert "col=" not in page.url
    again = visit(DESKTOP, "worker-c")
    page = again.go("/community/training/")
    assert page.get_by_role("columnheader", name="参训要求").is_visible()
    page.get_by_text("选择列").click()
    page.get_by_label("参训要求").uncheck()
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_role("columnheader", name="参训要求").wait_for(state="detached")


def test_the_first_view_of_a_desk_is_light(visit: Any) -> None:
    """Under 200 kB compressed, beside fonts; no chart's library without a chart."""
    visitor = visit(PHONE, "worker-c")
    weight: dict[str, int] = {}
    visitor.page.on(
        "response", lambda got: weight.__setitem__(got.url, len(gzip.compress(got.body())))
    )
    visitor.go("/community/people/").wait_for_load_state("networkidle")
    assert len(weight) > 8
    assert not [url for url in weight if "echarts" in url]
    assert sum(weight.values()) < 200_000, weight


def test_the_dark_is_chosen_and_stays(visit: Any) -> None:
    visitor = visit(DESKTOP)
    page = visitor.go("/")
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "light"
    with page.expect_navigation():
        page.get_by_role("button", name="深色").click()
    assert page.evaluate(theme) == "dark"
    visitor.sound()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(theme) == "dark"
    with page.expect_navigation():
        page.get_by_role("button", name="自动").click()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{theme} === 'dark'")  # the page is told with its next frame


def test_an_old_browser_is_told_and_a_new_one_is_not(visit: Any) -> None:
    visitor = visit(PHONE)
    notice = visitor.page.get_by_text("您的浏览器版本太旧")
    visitor.go("/")
    assert not notice.is_visible()
    visitor.context.add_init_script("delete HTMLFormElement.prototype.requestSubmit")
    visitor.go("/")
    assert notice.is_visible()
    visitor.sound()


VOICES = """(voices) => {
  window.said = [];
  Object.defineProperty(window, 'speechSynthesis', {value: {
    speaking: false, getVoices: () => voices, cancel() {}, speak(u) { window.said.push(u.text); },
    addEventListener() {}}});
  window.SpeechSynthesisUtterance = function (text) { this.text = text; };
}"""


def test_large_type_reads_aloud_with_a_voice_of_the_device_alone(visit: Any) -> None:
    for voice, offered in (
        ('[{"lang": "zh-CN", "localService": true}]', True),
        ('[{"lang": "zh-CN", "localService": false}]', False),
        ('[{"lang": "en-US", "localService": true}]', False),
    ):
        visitor = visit(PHONE, large=True)
        visitor.context.add_init_script(f"({VOICES})({voice})")
        page = visitor.go("/")
        button = page.locator("[data-read]")
        assert button.is_visible() is offered
        visitor.sound()
        if offered:
            button.click()
            said = page.evaluate("window.said")
            assert said[0] == "家门口岗位"
            assert not [part for part in said if "查找" in part]
