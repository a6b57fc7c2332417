"""The main job from end to end: a roster in, files and lists out, contacts counted, one printed."""

import re

import pytest

from .conftest import DESKTOP, PHONE


@pytest.mark.requirement("AID-1")
@pytest.mark.requirement("AID-2")
@pytest.mark.requirement("AID-3")
def test_a_worker_imports_the_sample_and_serves_the_first_person(visit, tmp_path) -> None:
    desk = visit(DESKTOP, "worker-a")
    page = desk.page
    assert page.get_by_role("heading", name="还没有居民名册").is_visible()
    desk.sound()

    # Choose the file
    page.get_by_role("link", name="导入名册").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载一份样例").click()
    roster = tmp_path / "名册.xlsx"
    download.value.save_as(roster)
    page.locator("input[type=file]").set_input_files(roster)
    assert page.locator(".wy-drop-name").inner_text().startswith("名册.xlsx")
    desk.sound()
    page.get_by_role("button", name="上传").click()

    # What its columns mean
    assert page.get_by_label("列“身份证号”当作").input_value() == "id_number"
    desk.sound()
    page.get_by_role("button", name="列对了，检查每一行").first.click()

    # What would happen
    confirm = page.get_by_role("button", name="确认导入（跳过有误的3行）")
    desk.see("确认导入（跳过有误的3行）")
    assert page.get_by_text("身份证号校验位不对").first.is_visible()
    desk.sound()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载有误的行").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    confirm.click()

    # Done; the files follow by themselves
    desk.see("已导入。")
    desk.see("份新建档案")
    desk.sound()
    page.get_by_role("link", name="今天先服务谁").click()
    page.get_by_role("heading", name="今天先服务谁").wait_for()
    opened = page.locator("a.wy-counter", has_text="新建档案")
    number = int(re.findall(r"\d+", opened.locator("b").inner_text())[0])
    assert number > 5
    opened.click()
    assert page.locator(".wy-list-bar strong").inner_text() == str(number)
    desk.sound()

    # One person: lists with reasons, the contact counts
    page.locator("tbody th a").first.click()
    for words in ("需求清单", "岗位清单", "政策清单", "培训清单"):
        assert page.get_by_role("heading", name=re.compile(words)).is_visible()
    assert page.locator("#list-need .wy-reason").count() > 0
    quota = page.locator(".wy-quota-row", has_text="职业指导").locator("b")
    assert quota.inner_text() == "0 / 3"
    page.get_by_role("link", name="记一次联系").click()
    page.locator(".wy-tile", has_text="职业指导").click()
    page.locator("#id_note").fill("问了想做什么工作，约了周三再谈")
    page.get_by_role("button", name="保存这次联系").click()
    page.get_by_text("已记下这次联系").wait_for()
    assert quota.inner_text() == "1 / 3"
    desk.sound()

    # Printed on A4
    page.get_by_role("link", name="打印清单").click()
    page.get_by_role("heading", name="就业服务清单").wait_for()
    desk.sound()
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="打印").is_visible()
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}

    # The neighbour sees none of it
    neighbour = visit(DESKTOP, "worker-b")
    assert neighbour.page.get_by_role("heading", name="还没有居民名册").is_visible()
    answer = neighbour.page.goto(page.url)
    assert answer is not None
    assert answer.status == 404

    # Running it again changes nothing
    page.emulate_media(media="screen")
    desk.go("/community/").get_by_role("button", name="更新四张清单").click()
    desk.see("已更新：没有变化。")


@pytest.mark.requirement("JOB-2")
def test_a_vacancy_entered_on_a_phone_is_found_by_a_resident(visit) -> None:
    worker = visit(PHONE, "worker-c")
    page = worker.go("/community/vacancies/new/")
    # One part at a time on a phone.
    onward = page.get_by_role("button", name="下一步")
    assert page.get_by_text("第 1 步，共 4 步").is_visible()
    assert not page.get_by_label("岗位名称").is_visible()
    page.get_by_label("新单位名称").fill("阳光托育园")
    onward.click()
    page.get_by_label("岗位名称").fill("托育园保洁")
    page.get_by_label("招用条件").fill("限女性")
    page.get_by_label("工作内容").fill("打扫教室和走廊")
    worker.sound()
    onward.click()
    page.get_by_label("工作地点").fill("海滨路3号")
    page.get_by_label("合同类型").select_option("劳动合同")
    page.get_by_label("社会保险").fill("五险")
    page.get_by_label("劳动保护与职业危害").fill("无职业危害，发手套")
    page.get_by_role("button", name="保存并发布").first.click()
    assert (
        page.locator("#field-conditions .wy-field-error").inner_text().startswith("“限女性”不能写")
    )
    assert page.get_by_label("工作内容").input_value() == "打扫教室和走廊"
    assert "wy-note-red" in (page.evaluate("document.activeElement.className") or "")
    # The refusal itself is a 422, which the browser reports.
    worker.faults.clear()
    worker.sound()
    page.get_by_label("招用条件").fill("认真负责")
    page.get_by_role("button", name="保存并发布").first.click()
    page.get_by_text("已发布，居民现在就能看到").wait_for()
    worker.sound()

    resident = visit(PHONE)
    page = resident.go("/")
    page.get_by_label("您住在哪个社区或街道？").fill("测试丙")
    page.locator("#where-list").get_by_role("link", name="测试丙社区").click()
    page.get_by_role("heading", name="测试丙社区附近").wait_for()
    resident.sound()
    page.get_by_role("link", name="托育园保洁").click()
    assert page.get_by_text("打扫教室和走廊").is_visible()
    resident.sound()


def test_a_step_that_is_not_wanted_is_cancelled_and_leaves_nothing(visit, tmp_path) -> None:
    desk = visit(DESKTOP, "worker-e")
    page = desk.go("/community/imports/")
    roster = tmp_path / "半途.csv"
    roster.write_text("姓名,身份证号\n王小明,379901199001011234\n", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(roster)
    page.get_by_role("button", name="上传").click()
    desk.go("/community/")
    page.get_by_role("link", name="接着做").click()
    page.get_by_role("button", name="取消导入").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("台账不会有任何改动").is_visible()
    desk.sound()
    dialog.get_by_role("button", name="不，返回").click()
    assert page.get_by_role("button", name="取消导入").is_visible()
    page.get_by_role("button", name="取消导入").click()
    dialog.get_by_role("button", name="取消导入").click()
    page.get_by_text("已取消，文件已删除").wait_for()
    assert page.locator("tbody tr", has_text="半途.csv").get_by_text("已取消").is_visible()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("空的.xlsx", b"", "空"),
        ("照片.xlsx", b"\xff\xd8\xff\xe0 not a workbook at all", "Excel"),
        ("没有表头.csv", b"1,2\n3,4\n", "表头"),
        ("说明.pdf", b"%PDF-1.4", "xlsx"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_plain_words(
    visit, tmp_path, name: str, content: bytes, sentence: str
) -> None:
    desk = visit(PHONE, "worker-d")
    page = desk.go("/community/imports/")
    file = tmp_path / name
    file.write_bytes(content)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="上传").click()
    said = page.locator(".wy-field-error")
    said.wait_for()
    assert sentence in said.inner_text()
    desk.faults.clear()
    desk.sound()
    assert page.get_by_text("还没有导入过").is_visible()


def test_a_file_past_the_limit_is_stopped_before_it_is_sent(visit, tmp_path) -> None:
    desk = visit(DESKTOP, "worker-d")
    page = desk.go("/community/imports/")
    file = tmp_path / "太大.csv"
    with file.open("wb") as big:
        big.truncate(301 * 1024 * 1024)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("文件有 301 MB，最多 300 MB").wait_for()
    assert page.locator("input[type=file]").input_value() == ""
