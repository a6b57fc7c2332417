# ruff: noqa: E501 — tables: one line per entry reads better than wrapped ones.
"""What departments write, and the values it stands for. Nothing outside these tables is guessed.

Education: GB/T 4658-2006 学历代码 with its official names; the everyday words map to the code of
the level (10, 20 …). Every other table gives the words of the facts in the file contracts.
"""

from __future__ import annotations

#: Official names of GB/T 4658-2006 and their codes.
_EDUCATION_OFFICIAL = {
    "研究生教育": 10, "博士研究生毕业": 11, "博士研究生结业": 12, "博士研究生肄业": 13,
    "硕士研究生毕业": 14, "硕士研究生结业": 15, "硕士研究生肄业": 16, "研究生班毕业": 17,
    "研究生班结业": 18, "研究生班肄业": 19,
    "大学本科教育": 20, "大学本科毕业": 21, "大学本科结业": 22, "大学本科肄业": 23,
    "大学普通班毕业": 28,
    "大学专科教育": 30, "大学专科毕业": 31, "大学专科结业": 32, "大学专科肄业": 33,
    "中等职业教育": 40, "中等专科毕业": 41, "中等专科结业": 42, "中等专科肄业": 43,
    "职业高中毕业": 44, "职业高中结业": 45, "职业高中肄业": 46, "技工学校毕业": 47,
    "技工学校结业": 48, "技工学校肄业": 49,
    "普通高级中学教育": 60, "普通高中毕业": 61, "普通高中结业": 62, "普通高中肄业": 63,
    "初级中学教育": 70, "初中毕业": 71, "初中肄业": 73,
    "小学教育": 80, "小学毕业": 81, "小学肄业": 83,
    "其他": 90,
}  # fmt: skip

_EDUCATION_EVERYDAY = {
    10: "研究生 硕士 硕士研究生 博士 博士研究生 硕士毕业 博士毕业 研究生毕业 研究生及以上",
    20: "本科 大学本科 大学 大本 全日制本科 普通本科 本科毕业 大学毕业 学士 全日制大学本科",
    30: "专科 大专 大学专科 高职 高专 高职高专 高等职业教育 全日制大专 全日制专科 专科毕业 大专毕业 "
        "高等专科 高职毕业",
    40: "中专 中职 中等职业 中等专科 中等专业学校 职高 职业高中 职业中专 技校 技工 技工学校 中技 中师 中专毕业 "
        "中职毕业 职高毕业 技校毕业",
    60: "高中 普通高中 普高 高级中学 高中毕业",
    70: "初中 初级中学 中学",
    80: "小学",
    90: "文盲 半文盲 文盲半文盲 文盲或半文盲 未上过学 无学历 没上过学 其它",
}  # fmt: skip

EDUCATION: dict[str, int] = {
    **{word: code for code, words in _EDUCATION_EVERYDAY.items() for word in words.split()},
    **_EDUCATION_OFFICIAL,
    **{str(code): code for code in _EDUCATION_OFFICIAL.values()},
}
EDUCATION_SHOWN = ("研究生", "本科", "大专", "中专", "高中", "初中", "小学", "其他")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(**words: str) -> dict[str, str]:
    return {word: value for value, text in words.items() for word in (value, *text.split())}


SEX = {**_table(男="男性 男士 M 先生", 女="女性 女士 F"), "1": "男", "2": "女"}

EMPLOYMENT_STATUS = _table(
    就业="已就业 在职 在岗 单位就业 务工 外出务工 正式就业 个体经营 自主创业 创业 经商 在业 上班",
    失业="未就业 待业 无业 下岗 登记失业 失业登记 已登记失业 无工作 未工作 没有工作",
    灵活就业="零工 打零工 临时工 打工 自由职业 灵活 兼职 短工",
    在校="在校生 学生 在读 在校学生 上学 就读",
    退休="离退休 离休 已退休 退养 内退",
    服役="参军 现役 现役军人 服兵役 入伍",
    其他="其它 务农 在家务农 料理家务 家务 无劳动能力 丧失劳动能力",
)

MINIMUM_LIVING = _table(
    低保="低保户 低保家庭 低保对象 城市低保 农村低保 城镇低保 最低生活保障 享受低保 是 有",
    低保边缘="低保边缘户 低保边缘家庭 边缘户 低边 低保边缘人口",
    特困="特困人员 特困供养 特困供养人员 五保 五保户",
    无="否 不是 没有 非低保 不享受 正常 一般户",
)

POVERTY_ALLEVIATION = _table(
    脱贫享受政策="脱贫户 脱贫人口 脱贫享受政策人口 建档立卡 建档立卡贫困户 脱贫 是",
    防止返贫监测="监测户 监测对象 防止返贫监测对象 防返贫监测 防返贫监测对象 边缘易致贫户 脱贫不稳定户 "
    "突发严重困难户",
    无="否 不是 没有 一般农户 一般户",
)

YES = _words("是 有 对 √ ✓ ✔ ☑ 1 Y YES TRUE T 已 愿意 具备 需要 可以 能 有意愿")
NO = _words("否 无 × ✗ X 0 N NO FALSE F 未 没有 不是 不愿意 不具备 不需要 不可以 不能 无意愿")

#: Said instead of a value where there is none: known, not unknown.
NONE_WORDS = _words("无 没有 否 未登记 未办理 未失业 暂无 从未 不适用 / — - —— -- N/A NA")
#: Said where the sender does not know: the same as an empty cell.
UNKNOWN_WORDS = _words("不详 未知 不清楚 不明 ? ？ 待核实 待补 待定 未填 空")

RELATION = _table(
    户主="本人 本人或户主",
    配偶="妻 夫 妻子 丈夫 爱人",
    子="儿子 长子 次子 三子 独生子",
    女="女儿 长女 次女 三女 独生女",
    子女="孩子",
    父母="父亲 母亲 父 母 爸爸 妈妈 公公 婆婆 岳父 岳母",
    孙子女="孙子 孙女 外孙 外孙女 孙",
    祖父母="爷爷 奶奶 外公 外婆 祖父 祖母",
    兄弟姐妹="兄 弟 姐 妹 哥哥 弟弟 姐姐 妹妹",
    儿媳女婿="儿媳 女婿 媳妇",
    其他="其它 其他亲属 非亲属",
)

DISABILITY_GRADES = {
    **dict.fromkeys(("一", "1", "Ⅰ", "I", "壹"), 1),
    **dict.fromkeys(("二", "2", "Ⅱ", "II", "贰"), 2),
    **dict.fromkeys(("三", "3", "Ⅲ", "III", "叁"), 3),
    **dict.fromkeys(("四", "4", "Ⅳ", "IV", "肆"), 4),
}

#: 国家职业资格 and 职业技能等级: 1 = highest.
SKILL_LEVELS = {
    "高级技师": 1, "一级": 1, "1级": 1, "技师": 2, "二级": 2, "2级": 2,
    "高级工": 3, "高级": 3, "三级": 3, "3级": 3, "中级工": 4, "中级": 4, "四级": 4, "4级": 4,
    "初级工": 5, "初级": 5, "五级": 5, "5级": 5,
}  # fmt: skip

#: Hours as a bit mask of the file contracts: 1 weekday morning, 2 afternoon, 4 evening, 8 night,
#: 16 weekend morning, 32 weekend afternoon, 64 weekend evening.
HOURS = {
    **dict.fromkeys(("不限", "都可以", "均可", "随时", "任何时间", "时间不限", "全部时间"), 127),
    **dict.fromkeys(("全天", "白天", "日班", "白班", "常白班", "长白班", "工作日", "工作日白天",
                     "工作日全天", "周一至周五"), 3),
    **dict.fromkeys(("上午", "工作日上午", "早班"), 1),
    **dict.fromkeys(("下午", "工作日下午"), 2),
    **dict.fromkeys(("晚上", "晚间", "傍晚", "工作日晚上", "晚班"), 4),
    **dict.fromkeys(("夜班", "夜间", "深夜"), 8),
    **dict.fromkeys(("中班", "下午和晚上"), 6),
    **dict.fromkeys(("两班倒",), 11), **dict.fromkeys(("三班倒", "倒班"), 15),
    **dict.fromkeys(("周末", "周末白天", "周六日", "双休日", "周末全天"), 48),
    "周末上午": 16, "周末下午": 32, "周末晚上": 64,
}  # fmt: skip
HOURS_SHOWN = ("上午", "下午", "晚上", "夜班", "周末", "全天", "不限")

#: 困难类型: one word → one fact. What is worked out from other facts is not taken from here.
CATEGORIES: dict[str, tuple[str, object]] = {
    **dict.fromkeys(("低保", "低保户", "低保家庭", "低保人员"), ("minimum_living", "低保")),
    **dict.fromkeys(("低保边缘", "低保边缘户", "低保边缘家庭"), ("minimum_living", "低保边缘")),
    **dict.fromkeys(("特困", "特困人员", "特困供养"), ("minimum_living", "特困")),
    **dict.fromkeys(
        ("脱贫人口", "脱贫户", "脱贫享受政策人口", "建档立卡"),
        ("poverty_alleviation", "脱贫享受政策"),
    ),
    **dict.fromkeys(
        ("防止返贫监测对象", "监测户", "监测对象", "防返贫监测对象"),
        ("poverty_alleviation", "防止返贫监测"),
    ),
    **dict.fromkeys(("退役军人", "退伍军人"), ("veteran", True)),
    **dict.fromkeys(("失地农民", "被征地农民", "失地"), ("land_lost", True)),
    **dict.fromkeys(("单亲家庭", "单亲抚养未成年人", "单亲抚养"), ("single_parent_of_minor", True)),
}
#: Categories that follow from other facts by rule.
DERIVED_CATEGORIES = _words(
    "零就业家庭 大龄 大龄失业人员 4050人员 长期失业 长期失业人员 残疾 残疾人 高校毕业生 离校未就业高校毕业生 较长时间未就业高校毕业生 就业困难人员 登记失业人员 失业人员 农村转移就业劳动者 二孩妈妈 低龄老年人"
)

VACANCY_KINDS = _table(
    全职="普通 普通岗位 正式 全日制 合同制 固定工",
    灵活就业="灵活",
    兼职="非全日制 小时工 钟点工",
    辅助性="辅助 辅助性岗位",
    临时="临时工 短期 季节性 临时岗位",
    公益性岗位="公益岗 城镇公益性岗位 乡村公益性岗位 城乡公益性岗位 城镇公益岗 乡村公益岗",
)
#: Units after a wage that make it other than monthly.
NOT_MONTHLY = (
    "/天",
    "每天",
    "一天",
    "/日",
    "日薪",
    "/时",
    "/小时",
    "每小时",
    "时薪",
    "/件",
    "计件",
    "元/次",
)
