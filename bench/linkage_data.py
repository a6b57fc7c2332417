"""Records of invented people with known truth, and the errors that offices make in them.

Knows nothing of how linkage decides: its own names, its own list of misread characters, its own
rates. `records(1_000_000, seed=1)` → a table with `RECORDS`' columns and `person`, the truth.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
from pypinyin import lazy_pinyin

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉萍红玲建国华文辉力翔宇晨欣怡雨涵梓轩子浩博思佳嘉俊泽一诺奕辰"
    "晓东海波峰鹏飞龙志远春梅燕云莲珍凤琴荣金花淑香翠爱菊月娥巧素银雪莉倩婷慧颖莹璐琳瑶雅洁琪薇珊丹蕾媛君彤瑞凯旭亮斌"
    "永健立新成林德福贵祥庆生友良才富根发财大小长学仁义礼智信忠孝家兴旺世昌盛全安康宁和顺有为民先进步青松柏树森山川河江"
    "天星光阳毅坚恒达通胜利豪威虎豹彪震雄壮武斗升腾跃岩石磐铁钢锋剑"
)
# Characters that people misread or mistype for each other, pair after pair.
_MISREAD = (
    "己已未末丽俪婷停莹荧静净晴睛宇字玉王辉挥瑶摇琪祺颖颍锋峰炜伟涛滔斌赋建健杨扬侯候于干"
    "汪江史吏洪供博搏凯恺芬芳萍苹兰芝云去天夫大太才寸月目青清杰木珊册彤形旭旮鹏朋龙尤欣砍"
    "怡恰晨晟雨两嘉喜俊峻泽择晓哓波渡春舂梅海燕蒸莲连荣荥素索银根雪雷莉利慧彗洁浩蕾雷媛缓"
    "瑞端亮毫永水立产新薪德得福副祥详庆厌良食根恨长张学字家冢兴头昌冒盛威安按康唐宁宇民氏"
    "先光松彬柏拍树村森林山出川州河何陈阵刘浏徐除孙孔马鸟胡湖郭部高亭林材罗岁郑邓梁粱谢射"
    "宋宗唐糖许计韩韦冯马曹槽彭膨曾会田由董薰袁哀潘番余佘杜社叶汁"
)
MISREAD = [_MISREAD[at : at + 2] for at in range(0, len(_MISREAD), 2)]
ESTATES = (
    "幸福 和谐 阳光 锦绣 翠湖 海滨 文苑 金色 怡景 永兴 "
    "新华 光明 福山 玉泉 东城 学府 银河 丽景 清河 安居"
)
KINDS = ("小区", "花园", "家园", "新村", "苑")
CHINESE = "零一二三四五六七八九"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def records(count: int, *, seed: int) -> pl.DataFrame:
    """`count` records of about 0.6 × as many people, in random order."""
    rng = np.random.default_rng(seed)
    people = _people(int(count * 0.62), rng)
    n = len(people["name"])
    times = rng.choice([0, 1, 2, 3, 4], n, p=[0.08, 0.46, 0.26, 0.14, 0.06])
    person = np.repeat(np.arange(n), times)
    while len(person) < count:
        person = np.concatenate([person, rng.integers(0, n, count - len(person))])
    person = rng.permutation(person)[:count]
    out = _written(people, person, rng)
    out["id"] = [f"r{number:07}" for number in range(count)]
    out["person"] = person.tolist()
    order = ["id", "name", "id_number", "birth_date", "sex", "phone", "address", "unit", "person"]
    return pl.DataFrame({name: out[name] for name in order})


def check_mark(seventeen: str) -> str:
    total = sum(int(d) * w for d, w in zip(seventeen, WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def _people(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Households: couples, their children (1 in 60 births twins), now and then a grandparent."""
    surnames = np.array(list(SURNAMES))
    weight = 1.0 / (np.arange(len(surnames)) + 2.0)
    weight /= weight.sum()
    given = np.array(list(GIVEN))
    given_weight = 1.0 / (rng.permutation(len(given)) + 12.0)
    given_weight /= given_weight.sum()
    houses = int(n / 2.55) + 10
    wife = rng.choice(surnames, houses, p=weight).tolist()
    man = rng.choice(surnames, houses, p=weight).tolist()
    grand = rng.choice(surnames, houses, p=weight).tolist()
    picks = rng.choice(given, (houses, 14), p=given_weight).tolist()
    chance = rng.random((houses, 14)).tolist()
    year = rng.integers(1940, 2000, houses).tolist()
    out: dict[str, list[Any]] = {
        key: [] for key in ("name", "year", "day", "sex", "house", "phone", "area")
    }
    phone = 20_000_000_000
    estates = ESTATES.split()
    addresses, units, areas = [], [], []
    communities = max(houses // 900, 3)
    for house in range(houses):
        unit = house * communities // houses
        number = house // 12
        addresses.append(
            (
                unit,
                estates[unit % 20] + estates[(unit // 20 + number % 3) % 20] + KINDS[unit % 5],
                number % 40 + 1,
                house % 4 + 1,
                (house // 3 % 17 + 1) * 100 + house % 3 + 1,
            )
        )
        units.append(f"379901{unit // 30 % 1000:03}{unit % 30 + 1:03}")
        areas.append(f"3799{house % 23 + 1:02}")

    def add(house: int, name: str, born: int, sex: int, own: bool, day: int) -> None:
        nonlocal phone
        out["name"].append(name)
        out["year"].append(born)
        out["day"].append(day)
        out["sex"].append(sex)
        out["house"].append(house)
        phone += 37
        out["phone"].append(phone if own else 20_900_000_000 + house * 91)
        out["area"].append(areas[house])

    days = rng.integers(0, 365, (houses, 6)).tolist()
    for house in range(houses):
        p, c, y = picks[house], chance[house], year[house]

        def name(family: str, at: int, p: list[str] = p, c: list[float] = c) -> str:
            return family + p[at] + (p[at + 1] if c[at] > 0.18 else "")

        add(house, name(man[house], 0), y, 1, c[2] > 0.25, days[house][0])
        if c[3] < 0.75:
            add(house, name(wife[house], 2), y + int(c[4] * 8) - 3, 2, c[5] > 0.35, days[house][1])
        children = int(c[6] > 0.45) + int(c[6] > 0.85)
        twins = c[7] < 0.035 and children > 0
        if twins:
            children = 2
        shared = p[6] if c[8] < 0.4 else None
        for child in range(children):
            born = y + 24 + (0 if twins else child * 3) + int(c[9] * 8)
            own = shared + p[7 + child] if shared else p[7 + child] + p[9 + child]
            if c[10] < 0.15:
                own = p[7 + child]
            day = days[house][2] if twins else days[house][2 + child]
            sex = 1 + int(c[11 + (0 if twins and c[13] < 0.6 else child)] > 0.5)
            add(house, man[house] + own, min(born, 2024), sex, c[12] > 0.5, day)
        if c[13] > 0.85:
            add(house, name(grand[house], 11), y - 26, 2, False, days[house][5])
        if len(out["name"]) >= n:
            break
    result: dict[str, Any] = dict(out)
    result["address"], result["unit"] = addresses, units
    sequence: dict[tuple[str, int, int], int] = defaultdict(int)
    numbers, births = [], []
    for area, born, day, sex in zip(out["area"], out["year"], out["day"], out["sex"], strict=True):
        date = np.datetime64(f"{born}-01-01") + np.timedelta64(day, "D")
        text = str(date)
        births.append(text)
        at = sequence[area, born, day]
        sequence[area, born, day] += 1
        tail = (at * 2 + (1 if sex == 1 else 0) + (day * 37) % 800 * 1) % 1000
        if tail % 2 != sex % 2:
            tail = (tail + 1) % 1000
        head = f"{area}{text.replace('-', '')}{tail:03}"
        numbers.append(head + check_mark(head))
    result["number"], result["birth"] = numbers, births
    return result


def _sounds() -> dict[str, list[str]]:
    by = defaultdict(list)
    for high in range(0xB0, 0xD8):  # level 1 of GB 2312: the frequent characters
        for low in range(0xA1, 0xFF):
            try:
                char = bytes([high, low]).decode("gb2312")
            except UnicodeDecodeError:
                continue
            by[lazy_pinyin(char)[0]].append(char)
    return {char: [o for o in group if o != char] for group in by.values() for char in group}


def _written(people: dict[str, Any], person: Any, rng: np.random.Generator) -> dict[str, Any]:
    """What an office has on file of each person, errors and all."""
    n = len(person)
    sounds = _sounds()
    misread: dict[str, list[str]] = defaultdict(list)
    for pair in MISREAD:
        misread[pair[0]].append(pair[1])
        misread[pair[1]].append(pair[0])
    given = list(GIVEN)
    luck = rng.random((n, 18))
    dice = rng.integers(0, 1 << 30, (n, 6))
    out: dict[str, list[Any]] = {
        key: [] for key in ("name", "id_number", "birth_date", "sex", "phone", "address", "unit")
    }
    houses = len(people["address"])
    for who, u, d in zip(person.tolist(), luck.tolist(), dice.tolist(), strict=True):
        name = people["name"][who]
        if u[0] < 0.055:
            at = d[0] % len(name)
            kind = u[0] / 0.055
            char = name[at]
            if kind < 0.45 and sounds.get(char):
                name = name[:at] + sounds[char][d[1] % len(sounds[char])] + name[at + 1 :]
            elif kind < 0.65 and misread[char]:
                name = name[:at] + misread[char][d[1] % len(misread[char])] + name[at + 1 :]
            elif kind < 0.78 and len(name) > 2:
                name = name[:-1] if d[1] % 2 else name[0] + name[2:]
            elif kind < 0.88 and len(name) > 2:
                name = name[0] + name[2] + name[1]
            else:
                name = name[:at] + given[d[1] % len(given)] + name[at + 1 :]
        number = None
        if u[1] < 0.5:
            number = people["number"][who]
            if u[2] < 0.035:
                number = _wrong_digits(number, u[3], d[2], d[3])
            elif u[2] < 0.05:
                number = number[:6] + number[8:17]
            elif u[2] < 0.06:
                number = number.lower()
            elif u[2] < 0.063:  # somebody else of the household
                other = min(who + 1, len(people["number"]) - 1)
                if people["house"][other] == people["house"][who]:
                    number = people["number"][other]
        birth = people["birth"][who]
        if u[4] < 0.12:
            birth = None
        elif u[4] < 0.16:
            kind = (u[4] - 0.12) / 0.04
            y, m, day = birth.split("-")
            if kind < 0.3:
                birth = f"{y}-01-01"
            elif kind < 0.5 and int(day) <= 12:
                birth = f"{y}-{day}-{m}"
            elif kind < 0.75:
                birth = f"{int(y) + (1 if d[4] % 2 else -1)}-{m}-{day}"
            elif kind < 0.9:
                birth = f"{y}-{m}-{d[4] % 28 + 1:02}"
            else:
                birth = f"{y}-{d[4] % 12 + 1:02}-{d[5] % 28 + 1:02}"
        sex: str | None = "男" if people["sex"][who] == 1 else "女"
        if u[5] < 0.1:
            sex = None
        elif u[5] < 0.108:
            sex = "女" if sex == "男" else "男"
        phone = None
        if u[6] > 0.2:
            value = str(people["phone"][who])
            if u[7] < 0.12:  # a new number
                value = str(21_000_000_000 + d[0] % 999_999_999)
            elif u[7] < 0.16:  # the household's, or a neighbour's
                value = str(20_900_000_000 + people["house"][who] * 91)
            elif u[7] < 0.18:
                at = d[1] % 10 + 1
                value = value[:at] + str(d[2] % 10) + value[at + 1 :]
            phone = value
        house = people["house"][who]
        if u[8] < 0.1:  # moved
            house = d[3] % houses
        address = None if u[9] < 0.18 else _address(people["address"][house], u[10], u[11], u[12])
        unit = None if u[13] < 0.15 else people["unit"][house if u[14] > 0.05 else d[4] % houses]
        for key, value in (
            ("name", None if u[15] < 0.002 else name),
            ("id_number", number),
            ("birth_date", birth),
            ("sex", sex),
            ("phone", phone),
            ("address", address),
            ("unit", unit),
        ):
            out[key].append(value)
    return out


def _wrong_digits(number: str, luck: float, one: int, two: int) -> str:
    at = one % 17
    if luck < 0.4:
        return number[:at] + str(two % 10) + number[at + 1 :]
    if luck < 0.7:
        at = min(at, 15)
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if luck < 0.85:
        return number[:at] + number[at + 1 :]
    other = two % 17
    wrong = number[:at] + str(two // 17 % 10) + number[at + 1 :]
    return wrong[:other] + str(one // 17 % 10) + wrong[other + 1 :]


def _address(home: tuple[int, str, int, int, int], form: float, front: float, gone: float) -> str:
    community, estate, building, stairs, room = home
    before = ""
    if front < 0.3:
        before = f"样例市样例区第{community % 9 + 1}街道"
    elif front < 0.5:
        before = "样例省样例市样例区"
    if form < 0.35:
        tail = f"{building}号楼{stairs}单元{room}室"
    elif form < 0.6:
        tail = f"{building}-{stairs}-{room}"
    elif form < 0.75:
        tail = f"{building}栋{stairs}单元{room}"
    elif form < 0.85:
        tail = (
            f"{CHINESE[building] if building < 10 else building}号楼{CHINESE[stairs]}单元{room}室"
        )
    elif form < 0.93:
        tail = f"{building}号楼{room}"
    else:
        tail = f"{building}号楼" if gone < 0.5 else ""
    if gone < 0.02:
        estate = estate[1:]
    return before + estate + tail
