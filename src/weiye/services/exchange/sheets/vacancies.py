# ruff: noqa: E501 — tables: one line per entry reads better than wrapped ones.
"""Fields of a list of vacancies."""

from __future__ import annotations

from datetime import date

from . import values as v
from . import words
from .kinds import Kind, dated, field
from .rows import Block


def check_period(block: Block) -> None:
    """A vacancy does not expire before it is posted, nor is it imported when expired."""
    posted, expires = block.columns.get("posted_on"), block.columns.get("expires_on")
    for at in range(len(block.lines)):
        last = expires[at] if expires is not None else None
        first = posted[at] if posted is not None else None
        if isinstance(last, date) and isinstance(first, date) and last < first:
            block.error(at, "expires_on", f"截止日期{last}早于发布日期{first}，请核对")
        elif isinstance(last, date) and last < block.today:
            block.warn(at, "expires_on", f"截止日期{last}已过，导入后不会出现在招聘列表中")


def merge_ages(block: Block) -> None:
    """年龄下限 and 年龄上限 beside or instead of one column 年龄要求."""
    low, high = block.columns.pop("min_age", None), block.columns.pop("max_age", None)
    if low is None and high is None:
        return
    bounds = block.columns.get("ages") or [None] * len(block.lines)
    for at in range(len(block.lines)):
        least = low[at] if low is not None else None
        most = high[at] if high is not None else None
        if least is not None and most is not None and least > most:
            block.error(at, "min_age", f"年龄下限{least}大于上限{most}，请核对")
        if bounds[at] is None and (least is not None or most is not None):
            bounds[at] = (least, most)
    block.columns["ages"] = bounds


VACANCIES = Kind(
    name="vacancies",
    label="岗位清单",
    fields=(
        field("title", "岗位名称", v.line(80),
              "岗位 招聘岗位 职位 职位名称 招聘职位 工种 招聘工种 需求岗位 用工岗位", column=True, filled=True),
        field("employer", "用人单位", v.line(120),
              "单位名称 企业名称 招聘单位 公司名称 用工单位 单位 企业 商户 商户名称 店铺名称 招聘企业",
              column=True, filled=True),
        field("uscc", "统一社会信用代码", v.uscc, "信用代码 社会信用代码 统一信用代码", looks_like="uscc"),
        field("employer_kind", "单位类型", v.line(20), "企业类型 单位性质 企业性质"),
        field("kind", "岗位类型", v.choice("岗位类型", words.VACANCY_KINDS,
              ("全职", "兼职", "灵活就业", "临时", "辅助性", "公益性岗位")),
              "用工类型 用工形式 岗位性质 工作性质 用工性质"),
        field("labels", "岗位标签", v.listed, "标签 特色岗位 岗位标识"),
        field("openings", "招聘人数", v.whole("招聘人数", 1, 10_000, "[人名个]"),
              "人数 需求人数 用工人数 缺工人数 岗位数量 招聘数量 需求数 缺工数量"),
        field("duties", "岗位职责", v.paragraph(2000), "工作内容 职责 岗位描述 工作职责 岗位内容 职位描述"),
        field("requirements", "任职要求", v.paragraph(2000), "岗位要求 任职条件 招聘条件 用工条件 招聘要求 其他要求 要求"),
        field("skills", "技能要求", v.listed, "所需技能 技能 专业技能要求"),
        field("occupation_code", "职业代码", v.line(10), "职业编码 职业分类代码 职业大典代码"),
        field("sex_requirement", "性别要求", v.no_sex, "性别 性别限制"),
        field("ages", "年龄要求", v.ages, "年龄 年龄范围 年龄限制"),
        field("min_age", "年龄下限", v.whole("年龄下限", 16, 80, "周?岁"), "最小年龄 最低年龄"),
        field("max_age", "年龄上限", v.whole("年龄上限", 16, 80, "周?岁"), "最大年龄 最高年龄"),
        field("min_education", "学历要求", v.least_education, "学历 文化程度 最低学历 文化程度要求 学历层次"),
        field("wage", "月工资", v.wage,
              "工资 薪资 薪酬 工资待遇 薪资待遇 月薪 薪资范围 待遇 工资标准 薪酬待遇 工资范围 月薪(元) 工资待遇(元/月)"),
        field("hours", "工作时间", v.hours, "上班时间 工作时段 班次 工时"),
        field("contract", "合同类型", v.line(40), "劳动合同 合同形式 合同期限 合同"),
        field("insurance", "社会保险", v.line(80), "社保 缴纳社保 五险一金 保险 五险"),
        field("protection", "劳动保护与职业危害", v.line(200), "劳动保护 职业危害 劳动保护条件 劳动条件 职业危害防护"),
        field("accessible", "无障碍", v.boolean("无障碍"), "是否无障碍 适合残疾人 无障碍环境"),
        field("remote", "远程", v.boolean("远程"), "是否远程 可否居家 居家办公 是否居家"),
        field("work_unit", "社区", v.line(80), "所属社区 社区名称 所在社区 工作社区 社区代码"),
        field("address", "工作地点", v.line(200), "地址 工作地址 单位地址 上班地点 详细地址 工作地 企业地址"),
        field("contact", "联系人", v.name, "联系人姓名 招聘联系人 负责人"),
        field("phone", "联系电话", v.phone, "电话 联系方式 手机号 手机 联系人电话 招聘电话 联系号码", looks_like="phone"),
        dated("posted_on", "发布日期", v.past_day("发布日期"), "发布时间 登记日期 采集日期 采集时间"),
        field("expires_on", "截止日期", v.day, "有效期 有效期至 截止时间 到期日期 招聘截止日期 有效期限"),
    ),
    ignored=("序号", "编号", "行号", "NO", "错误说明"),
    foreign=("填表", "经办", "采集人", "审核"),
    checks=(merge_ages, check_period),
)  # fmt: skip
