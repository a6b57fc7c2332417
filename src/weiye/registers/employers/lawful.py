"""Words that no posting may bear, each with the clause that forbids it.

Sources: 人力资源市场暂行条例 §24 and 就业促进法 §§27–31 (ethnicity, race, sex, religion,
disability), 山东省就业促进条例 §6 (户籍), 山东省人力资源市场条例 §34 (fees, deposits).
They are laws of the whole country and province, so not data of a pack.
Fixed phrases, each unlawful wherever it stands.
"""

import re

_SEX = "不得以性别为由限制应聘（《人力资源市场暂行条例》第二十四条）"
_HUKOU = "不得以户籍为由限制应聘（《山东省就业促进条例》第六条）"
_FEES = "不得向求职者收费或扣押财物（《山东省人力资源市场条例》第三十四条）"
_FAITH = "不得以民族、种族、宗教信仰为由限制应聘（《就业促进法》第二十七、二十八条）"
_HEALTH = "不得歧视残疾人或传染病病原携带者（《就业促进法》第二十九、三十条）"

_PHRASES = [
    (r"(限|仅限|只限|只招|只要|须为|优先)(男|女)(性|士|生|的)?", _SEX),
    (r"(男|女)(性|士|生)?(优先|限定|限招)", _SEX),
    (r"(不招|不要|谢绝)(男|女)(性|士|生)?", _SEX),
    (r"(已婚已育|未婚未育|须未婚|须已婚|孕妇勿扰)", _SEX),
    (r"(限|仅限|只招|只要)(本地|本市|本省|城镇|农村)(户口|户籍|人)", _HUKOU),
    (r"(本地|本市|城镇)(户口|户籍)(优先|限定)?", _HUKOU),
    (r"(不招|不要|谢绝)(外地|农村)(人|户口|户籍)?", _HUKOU),
    (r"(收取?|交纳?|缴纳?|预付|押)(押金|保证金|服装费|培训费|报名费|中介费|体检费)", _FEES),
    (r"(扣押|抵押)(身份证|证件|毕业证)", _FEES),
    (r"(限|仅限|只招|不招)(汉族|少数民族|回族)", _FAITH),
    (r"(不招|不要|谢绝)(残疾|乙肝|传染病)(人|携带者)?", _HEALTH),
]
_COMPILED = [(re.compile(pattern), why) for pattern, why in _PHRASES]


def unlawful_words(text: str) -> list[tuple[str, str]]:
    """The forbidden phrases of a text with the reason, in order of appearance.

    >>> unlawful_words("限女性，形象好")[0][0]
    '限女性'
    """
    plain = re.sub(r"\s+", "", text or "")
    found = [
        (match.start(), match.group(), why)
        for pattern, why in _COMPILED
        for match in pattern.finditer(plain)
    ]
    return [(word, why) for _, word, why in sorted(found)]
