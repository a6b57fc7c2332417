# ruff: noqa: E501 — tables: one line per entry reads better than wrapped ones.
"""Fields of a county's catalogue of training programmes."""

from __future__ import annotations

from . import values as v
from .kinds import Kind, field

TRAINING = Kind(
    name="training",
    label="培训目录",
    fields=(
        field("title", "培训项目", v.line(100),
              "项目名称 培训项目名称 课程名称 培训课程 专业 培训工种 工种 课程 培训专业 培训名称 班次名称",
              column=True, filled=True),
        field("body", "培训机构", v.line(120),
              "机构名称 培训单位 承训机构 培训机构名称 培训学校 承办单位 承办机构 机构",
              column=True, filled=True),
        field("occupation_code", "职业代码", v.line(10), "职业编码 职业分类代码"),
        field("audience", "培训对象", v.listed, "对象 招生对象 面向人群 适用人群 面向对象"),
        field("content", "培训内容", v.paragraph(2000), "内容 课程内容 主要内容"),
        field("class_hours", "课时", v.whole("课时", 1, 5000, "课时|学时|小时"),
              "学时 培训课时 总课时 培训学时 课时数"),
        field("requirements", "报名条件", v.paragraph(200), "条件 报名要求 参训条件 招生条件 要求"),
        field("code", "项目编号", v.line(40), "课程编号 项目代码 培训项目编号 课程代码"),
        field("subsidy", "补贴标准", v.line(200), "补贴 补贴金额 培训补贴 补贴标准(元) 补贴标准(元/人)"),
        field("seats", "人数", v.whole("人数", 1, 10_000, "[人名个]"), "招生人数 计划人数 班额 名额 培训人数"),
        field("starts_on", "开班日期", v.day, "开班时间 开始日期 开始时间 开课时间 开课日期"),
        field("ends_on", "结束日期", v.day, "结业日期 结束时间 结业时间 截止日期"),
        field("place", "培训地点", v.line(200), "地点 上课地点 地址 培训地址 机构地址"),
    ),
    ignored=("序号", "编号", "行号", "NO", "错误说明"),
    foreign=("填表", "经办", "审核"),
)  # fmt: skip
