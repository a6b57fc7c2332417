# ruff: noqa: E501 — tables: one line per entry reads better than wrapped ones.
"""Fields of a roster of people; names are the facts of docs/files.md."""

from __future__ import annotations

from datetime import date
from typing import Any

from weiye.base.privacy.documents import CITIZEN, kind_of, kind_of_card, read_document
from weiye.base.privacy.identifiers import IdentifierError

from . import values as v
from . import words
from .kinds import Answer, Kind, dated, field
from .rows import Block


def check_identity(block: Block) -> None:
    """Which document a number is of; birthday and sex follow from 18 digits, given ones agree."""
    numbers = block.columns.get("id_number")
    if numbers is None:
        return
    _read_documents(block, numbers)
    births, sexes = block.columns.get("birth_date"), block.columns.get("sex")
    born_column: list[object] = []
    sex_column: list[object] = []
    for at, number in enumerate(numbers):
        birth = births[at] if births is not None else None
        sex = sexes[at] if sexes is not None else None
        if number and len(number) == _CARD:
            born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
            own_sex = "男" if int(number[16]) % 2 else "女"
            if isinstance(birth, date) and birth != born:
                if block.noted(at, "birth_date") and (birth.year, birth.month) == (
                    born.year,
                    born.month,
                ):
                    pass  # only the month was written, and it agrees
                else:
                    block.error(at, "birth_date", f"出生日期{birth}与身份证号中的{born}不一致")
            if sex is not None and sex != own_sex:
                block.error(at, "sex", f"性别“{sex}”与身份证号不一致（应为{own_sex}）")
            birth, sex = born, own_sex
        elif number and not isinstance(birth, date):
            block.warn(
                at,
                "id_number",
                "这种证件号码里没有出生日期，请在“出生日期”一列写明，否则不知道年龄",
            )
        born_column.append(birth)
        sex_column.append(sex)
    block.columns["birth_date"] = born_column
    block.columns["sex"] = sex_column


_CARD = 18


def _read_documents(block: Block, numbers: list[Any]) -> None:
    """Numbers that are no 18 digits, by the kind that is written beside them or by their shape."""
    kinds = block.columns.setdefault("id_kind", [None] * len(numbers))
    for at, number in enumerate(numbers):
        kind = kinds[at]
        if number is None or (isinstance(number, str) and kind in (None, CITIZEN)):
            if number is not None:
                kinds[at] = kind_of_card(number)
                if kind == CITIZEN != kinds[at]:
                    block.warn(at, "id_number", f"这个号码是{kinds[at]}，按它登记")
            continue
        text = number.text if isinstance(number, v.Unread) else number
        meant = kind or kind_of(text)
        if meant in (None, CITIZEN):
            block.error(at, "id_number", number.message)
            numbers[at] = None
            continue
        try:
            found = read_document(meant, text, on=block.today)
        except IdentifierError as error:
            block.error(at, "id_number", str(error))
            numbers[at] = None
            continue
        numbers[at], kinds[at] = found.number, meant
        if kind is None:
            block.warn(at, "id_number", f"没有写证件类型，这个号码像{meant}，按它登记")


def check_death(block: Block) -> None:
    """Nobody dies before birth."""
    died, births = block.columns.get("died_on"), block.columns.get("birth_date")
    for at, day in enumerate(died or ()):
        birth = births[at] if births is not None else None
        if isinstance(day, date) and isinstance(birth, date) and day < birth:
            block.error(at, "died_on", f"死亡日期{day}早于出生日期，请核对")


def merge_household_aid(block: Block) -> None:
    """是否低保边缘, 是否特困 and 困难类型 speak of the same facts as their own columns."""
    aid = block.columns.get("minimum_living")
    for name, word in (("low_income_edge", "低保边缘"), ("destitute", "特困")):
        flags = block.columns.pop(name, None)
        if flags is None:
            continue
        if aid is None:
            aid = block.columns["minimum_living"] = [None] * len(block.lines)
        for at, flag in enumerate(flags):
            if flag is True:
                if aid[at] in (None, "无", word):
                    aid[at] = word
                else:
                    block.error(at, name, f"同时填了{aid[at]}和{word}，只能是一种，请核对")
    named = block.columns.pop("categories", None)
    if named is None:
        return
    for at, facts in enumerate(named):
        for fact, value in facts or ():
            column = block.columns.setdefault(fact, [None] * len(block.lines))
            if column[at] in (None, value):
                column[at] = value
            else:
                label = ROSTER.by_name[fact].label
                block.error(
                    at, "categories", f"困难类型与“{label}”列填写的“{column[at]}”不一致，请核对"
                )


def check_days(block: Block) -> None:
    """Nothing in a life happens before birth; registration does not precede its reason."""
    births = block.columns.get("birth_date")
    if births is None:
        return
    for name in ("graduated_on", "unemployed_since", "registered_unemployed_since"):
        column = block.columns.get(name)
        if column is None:
            continue
        label = ROSTER.by_name[name].label
        for at, value in enumerate(column):
            birth = births[at]
            if isinstance(value, date) and isinstance(birth, date) and value <= birth:
                block.error(at, name, f"{label}{value}早于出生日期，请核对")


ROSTER = Kind(
    name="roster",
    label="人员名册",
    fields=(
        field("name", "姓名", v.name, "名字 人员姓名 居民姓名 本人姓名 失业人员姓名 劳动者姓名 成员姓名 家庭成员姓名 职工姓名 "
              "毕业生姓名 学生姓名 残疾人姓名 XM AAC003",
              column=True, filled=True),
        dated("id_number", "身份证号", v.id_number,
              "身份证号码 公民身份号码 公民身份证号码 证件号码 证件号 身份证 身份证件号码 身份号码 "
              "居民身份证号 居民身份证号码 居民身份证 本人身份证号 有效证件号码 身份证件号 "
              "SFZH SFZJH AAC147 AAC002",
              column=True, filled=True, looks_like="id_number", sensitive=True),
        field("id_kind", "证件类型", v.document_kind, "证件类别 证件种类 证件名称 身份证件类型 有效证件类型 有效身份证件类型 AAC058"),
        field("sex", "性别", v.choice("性别", words.SEX, ("男", "女")), "XB AAC004", looks_like="sex"),
        dated("birth_date", "出生日期", v.past_day("出生日期"), "出生年月 出生年月日 生日 出生时间 CSRQ AAC006"),
        field("phone", "联系电话", v.phone,
              "手机号 手机号码 电话 联系方式 手机 电话号码 本人电话 联系手机 移动电话 本人联系电话 联系号码 SJH LXDH AAE005",
              looks_like="phone", sensitive=True),
        field("residence_unit", "社区", v.line(80),
              "社区名称 所属社区 村居 村(居) 社区(村) 所在社区 社区代码 居委会 村(社区) 村社区 村委会 "
              "社区编码 村居名称 所属村居 常住社区"),
        field("building", "楼栋", v.line(60), "楼号 楼栋号 楼宇 栋号 楼幢 幢号"),
        field("address", "现住址", v.line(200),
              "住址 详细住址 家庭住址 居住地址 现居住地 现居住地址 常住地址 详细地址 家庭地址 地址 居住地 "
              "现住地址 居住地详细地址 实际居住地 实际居住地址 常住地 JTDZ JTZZ AAE006", sensitive=True),
        field("hukou_address", "户籍地", v.line(200),
              "户籍地址 户口所在地 户籍所在地 户口所在地址 户籍住址 户籍 户籍详细地址 户籍地详细地址"),
        dated("resident_since", "居住起始日期", v.past_day("居住起始日期"), "居住时间 入住时间 迁入日期 来本社区时间"),
        field("education", "学历", v.choice("学历", words.EDUCATION, words.EDUCATION_SHOWN),
              "文化程度 最高学历 受教育程度 学历层次 教育程度 学历代码 XL AAC011", looks_like="education"),
        dated("graduated_on", "毕业时间", v.past_day("毕业时间"), "毕业日期 毕业年月 离校时间 离校日期 BYSJ BYRQ"),
        field("continuing_school", "是否继续升学", v.boolean("是否继续升学"), "继续升学 升学 是否升学"),
        field("labour_capacity", "有无劳动能力", v.boolean("有无劳动能力"), "劳动能力 是否有劳动能力 劳动能力情况"),
        field("work_wish", "就业意愿", v.boolean("就业意愿"),
              "有无就业意愿 是否有就业意愿 就业愿望 是否有求职意愿 求职意愿"),
        field("employment_status", "就业状态",
              v.choice("就业状态", words.EMPLOYMENT_STATUS,
                       ("就业", "失业", "灵活就业", "在校", "退休", "服役", "其他")),
              "就业情况 就业状况 就业失业状态 人员状态 目前就业状态 当前就业状态 从业状态 就失业状态",
              looks_like="employment_status"),
        dated("employed_since", "就业时间", v.past_day("就业时间"), "就业日期 入职时间 上岗时间 入职日期 参加工作时间"),
        field("contract_months", "合同月数", v.whole("合同月数", 0, 600, "个?月"), "合同期限(月) 合同期限"),
        dated("unemployed_since", "失业日期", v.past_day("失业日期"), "失业时间 失业起始时间 失业开始时间 离职时间 离职日期"),
        dated("registered_unemployed_since", "失业登记日期", v.past_day("失业登记日期"),
              "失业登记时间 登记失业日期 登记失业时间 办理失业登记时间"),
        dated("certified_difficult_since", "困难人员认定日期", v.past_day("困难人员认定日期"),
              "就业困难人员认定时间 就业困难人员认定日期 就业困难认定日期 认定时间 认定日期 困难认定时间"),
        field("disability_grade", "残疾等级", v.disability_grade, "残疾级别 残疾情况 残疾人等级 伤残等级",
              sensitive=True),
        field("needs_accessible", "需要无障碍", v.boolean("需要无障碍"), "是否需要无障碍 无障碍需求 需无障碍环境"),
        field("minimum_living", "低保情况",
              v.choice("低保情况", words.MINIMUM_LIVING, ("低保", "低保边缘", "特困", "无")),
              "低保 是否低保 低保类别 低保家庭 是否享受低保 最低生活保障 是否低保户 是否低保家庭 社会救助类别 救助类别"),
        field("low_income_edge", "是否低保边缘", v.boolean("是否低保边缘"), "低保边缘 是否低保边缘户 低保边缘家庭"),
        field("destitute", "是否特困", v.boolean("是否特困"), "特困 是否特困人员 特困人员"),
        field("poverty_alleviation", "脱贫情况",
              v.choice("脱贫情况", words.POVERTY_ALLEVIATION, ("脱贫享受政策", "防止返贫监测", "无")),
              "脱贫享受政策 是否脱贫户 脱贫户 建档立卡 是否建档立卡 是否脱贫人口 脱贫人口 防返贫监测 防止返贫监测 "
              "监测对象类别"),
        field("categories", "困难类型", v.categories,
              "人员类别 人员类型 困难类别 困难人员类型 困难人员类别 援助类别 就业困难类型 帮扶类别 群体类别 重点群体类型"),
        field("household_id", "户号", v.line(40),
              "户编号 家庭编号 户口簿号 户口本号 家庭户号 户口簿编号 户主编号 家庭序号"),
        field("relation", "与户主关系",
              v.choice("与户主关系", words.RELATION), "与户主的关系 户主关系 家庭关系 家庭成员关系 关系"),
        field("single_parent_of_minor", "单亲抚养未成年人", v.boolean("单亲抚养未成年人"),
              "单亲 是否单亲 单亲家庭 是否单亲家庭 单亲抚养 是否单亲抚养未成年人"),
        field("land_lost", "是否失地", v.boolean("是否失地"), "失地 失地农民 是否失地农民 被征地 是否被征地农民"),
        field("children", "子女出生日期", v.days, "子女生日 孩子出生日期 子女出生年月"),
        field("veteran", "退役军人", v.boolean("退役军人"), "是否退役军人 退伍军人 是否退伍军人"),
        field("monthly_income", "月收入", v.yuan("月收入"), "个人月收入 本人月收入 月收入(元) 月均收入 收入",
              sensitive=True),
        field("skill_certificates", "技能证书", v.certificates,
              "职业资格证书 技能等级证书 职业技能等级证书 持有证书 证书 职业技能证书 职业资格 技能等级"),
        field("skills", "技能特长", v.listed, "技能 特长 专业技能 职业技能 技术特长 技能专长"),
        field("wanted_jobs", "求职意向", v.listed,
              "意向岗位 就业意向 意向工种 求职工种 意向职业 求职岗位 期望岗位 择业意向 意向从事职业 期望工种 求职意向岗位"),
        field("min_wage", "期望工资", v.wage,
              "期望薪资 期望月薪 期望收入 意向薪资 工资要求 期望待遇 期望月工资 薪资要求 最低期望工资 期望薪酬"),
        field("hours", "可工作时间", v.hours, "可工作时段 工作时间 可上班时间 意向工作时间 期望工作时间 空闲时间"),
        field("max_walk_minutes", "可步行时间", v.minutes("可步行时间"),
              "可接受步行时间 步行时间 最远步行时间 通勤时间 可接受通勤时间 可步行分钟 可接受步行分钟"),
        field("training_wish", "培训意愿", v.listed, "培训需求 培训意向 意向培训项目 培训意向工种 想参加的培训"),
        field("pension_drawn", "已领养老金", v.boolean("已领养老金"),
              "是否领取养老金 是否已领取养老金 是否享受养老待遇 领取养老金 是否领取养老待遇"),
        field("retirement_base", "原法定退休年龄", v.one_of_numbers("原法定退休年龄", (50, 55, 60), "周?岁"),
              "退休年龄 退休年龄档次 法定退休年龄 原退休年龄 退休基准年龄"),
        field("insured_months_local", "本地参保月数", v.whole("本地参保月数", 0, 720, "个?月"), "参保月数 累计参保月数 本地缴费月数"),
        dated("died_on", "死亡日期", v.past_day("死亡日期"), "死亡时间 去世日期 去世时间 身故日期 死亡年月 亡故日期"),
        field("dead", "是否死亡", v.boolean("是否死亡"), "是否去世 死亡标志 是否已死亡 是否亡故 是否身故 死亡"),
    ),
    ignored=("序号", "编号", "行号", "NO", "年龄", "周岁", "错误说明"),
    foreign=("户主", "配偶", "父亲", "母亲", "子女", "监护人", "联系人", "紧急", "经办", "填表", "法人",
             "单位", "帮扶", "责任", "网格员", "企业", "家属", "亲属", "开户", "银行", "社保卡"),
    checks=(check_identity, merge_household_aid, check_days, check_death),
    unique="id_number",
    name_of="name",
    alike=("name", "birth_date", "phone"),
    answers=(
        Answer("labour_capacity", True, "没写有没有劳动能力的人，都有劳动能力"),
        Answer("pension_drawn", False, "没写领没领养老金的人，都没有领养老金"),
    ),
)  # fmt: skip
