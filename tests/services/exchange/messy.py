"""A roster as it really comes, of any length, with the truth about every row beside it.

Everything is invented: area code 3799xx, telephones outside the service ranges.
"""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO

import xlsxwriter

from tests.services.exchange.making import id_number

HEAD = ["序号", "姓名", "证件号码", "联系方式", "所属社区", "家庭住址", "文化程度", "就业情况",
        "失业时间", "是否低保", "残疾情况", "备注"]  # fmt: skip
_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "建国爱民文武秀英桂兰志强丽华海燕春梅玉珍红霞永军淑芬德福𬸘䶮堃喆"
_START = date(1958, 1, 1)


@dataclass
class Messy:
    """``expected``: how many rows of each fate; a fate is what the check must say of the row."""

    expected: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def messy_rows(
    count: int, communities: Sequence[str], told: Messy, seed: int = 7
) -> Iterator[list]:
    """Data rows in order; ``told`` fills up as they go."""
    dice = random.Random(seed)
    before: list[tuple[str, str]] = []
    for n in range(count):
        name = dice.choice(_FAMILY) + "".join(dice.choices(_GIVEN, k=dice.choice((1, 2, 2))))
        born = _START + timedelta(days=n % 16000)
        number = id_number(born, 10 + n // 16000 * 7 % 980 + n % 7, f"3799{n // 16000 % 90 + 10}")
        row: list = [
            n + 1, name, number, f"2000{n:07d}", communities[n % len(communities)],
            f"{n % 40 + 1}号楼{n % 4 + 1}单元{n % 20 + 101}室",
            dice.choice(("初中", "高中", "大专", "本科")),
            "就业", "", "否", "", "",
        ]  # fmt: skip
        kind, fate = dice.randrange(100), "good"
        if kind < 6:
            row[2] = number.lower()
        elif kind < 9:
            row[2] = full_width(number)
        elif kind < 12:
            row[2] = f" {number[:6]} {number[6:14]} {number[14:]}"
        elif kind < 14:
            row[2] = "'" + number
        elif kind < 20:
            day = date(2024, 1 + n % 12, 1 + n % 28)
            row[7], row[8] = "失业", dice.choice(
                (f"{day.year}.{day.month}.{day.day}", f"{day.year}年{day.month}月{day.day}日",
                 f"{day:%Y%m%d}", (day - date(1899, 12, 30)).days, f"{day.year}年{day.month}月")
            )  # fmt: skip
        elif kind < 22:
            row[3] = full_width(row[3])
        elif kind < 23:
            row[1] = f"{name[0]} {name[1:]}"
        elif kind < 24:
            row[1] = "阿依古丽•买买提"
        elif kind < 26:
            row[2], fate = number[:-1] + ("0" if number[-1] != "0" else "1"), "id"
        elif kind < 27:
            row[2], fate = float(number[:17]) * 10, "lost"
        elif kind < 28:
            row[2], fate = "", "id"
        elif kind < 29 and before:
            row[1], row[2] = before[dice.randrange(len(before))]
            fate = "twice"
        elif kind < 30:
            row[7], row[8], fate = "失业", "2099-01-01", "future"
        elif kind < 31:
            row[6], fate = "大本？", "word"
        elif kind < 32:
            row[4], fate = "没有这个社区", "place"
        elif kind < 33:
            row[1], fate = "", "name"
        if fate == "good" and len(before) < 5000:
            before.append((row[1], number))
        told.expected[fate] += 1
        told.rows += 1
        yield row


def messy_xlsx(count: int, communities: Sequence[str], out: BinaryIO, seed: int = 7) -> Messy:
    """Title rows, a merged header, empty lines, a second sheet of notes, a hidden one, a foot."""
    told = Messy()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("名册")
    sheet.write(0, 0, "某区就业困难人员摸底名册")
    sheet.write(1, 0, "填报单位（盖章）：残联    填报日期：2026年6月30日")
    for at, title in enumerate(HEAD):
        sheet.write(3, at, title)
    line = 4
    for row in messy_rows(count, communities, told, seed):
        if told.rows % 997 == 0:
            line += 1
        for at, cell in enumerate(row):
            if cell != "":
                sheet.write(line, at, cell)
        line += 1
    sheet.write(line, 0, "合计")
    sheet.write(line, 1, f"{count}人")
    sheet.write(line + 1, 0, "填表人：王某    审核人：李某")
    book.add_worksheet("填表说明").write(0, 0, "每季度报一次")
    hidden = book.add_worksheet("旧")
    hidden.write(0, 0, "作废")
    hidden.hide()
    book.close()
    return told


def messy_bytes(count: int, communities: Sequence[str]) -> tuple[bytes, Messy]:
    out = io.BytesIO()
    told = messy_xlsx(count, communities, out)
    return out.getvalue(), told
