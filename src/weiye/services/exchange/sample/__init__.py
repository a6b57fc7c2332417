"""A roster to try the import with: sixty invented people, as messy as a department's own file.

Title and two-storey merged header, household numbers in merged cells, dates in five spellings,
full-width digits, a lower-case x, a total at the end; three rows are wrong on purpose. ID numbers
lie under the unassigned area code 3799xx, phone numbers outside every service range.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import xlsxwriter

from weiye.base.privacy.identifiers import id_check_digit

from .households import GIVEN, HOMES, SURNAMES, Home, Member

PEOPLE, WRONG_ROWS = 60, 3
_HEADER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("序号", ()),
    ("户号", ()),
    ("姓名", ()),
    ("与户主关系", ()),
    ("性别", ()),
    ("身份证号", ()),
    ("联系电话", ()),
    ("居住", ("楼栋", "详细地址")),
    ("文化程度", ()),
    ("毕业时间", ()),
    ("就业情况", ("就业状态", "失业日期", "失业登记日期")),
    ("有无劳动能力", ()),
    ("就业意愿", ()),
    ("低保情况", ()),
    ("残疾", ("类别", "等级")),
    ("脱贫情况", ()),
    ("求职意愿", ("意向岗位", "期望工资", "可工作时间", "可步行时间")),
    ("技能证书", ()),
    ("是否领取养老金", ()),
    ("原法定退休年龄", ()),
    ("子女出生日期", ()),
    ("单亲抚养未成年人", ()),
    ("退役军人", ()),
    ("是否继续升学", ()),
    ("备注", ()),
)


def sample_roster(community: str, on: date, *, seed: int = 20250630) -> bytes:
    """The sample as ``.xlsx``; the same arguments give the same bytes.

    ``community`` is the name in the title; spans (out of work since …) are counted back from
    ``on``. `PEOPLE` rows, of which `WRONG_ROWS` are rejected.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": "人员名册样例", "created": datetime(2025, 1, 1)})  # noqa: DTZ001
    sheet = book.add_worksheet("人员名册")
    line = {"border": 1, "valign": "vcenter", "font_name": "宋体", "font_size": 11}
    head = book.add_format({**line, "bold": True, "align": "center", "bg_color": "#DCE6F1"})
    cell = book.add_format(line)
    title = book.add_format({"bold": True, "align": "center", "font_size": 16})
    width = sum(max(1, len(parts)) for _name, parts in _HEADER)
    sheet.merge_range(0, 0, 0, width - 1, f"{community}人力资源台账（样例，人员均为虚构）", title)
    sheet.write_string(
        1, 0, f"填报单位：{community}　　填报日期：{on.year}年{on.month}月{on.day}日"
    )
    at = 0
    for name, parts in _HEADER:
        if not parts:
            sheet.merge_range(2, at, 3, at, name, head)
            at += 1
            continue
        sheet.merge_range(2, at, 2, at + len(parts) - 1, name, head)
        for part in parts:
            sheet.write_string(3, at, part, head)
            at += 1
    row = 4
    for number, rows in enumerate(_households(on, random.Random(seed)), start=1):
        for texts in rows:
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text, cell)
            row += 1
        first, last = row - len(rows), row - 1
        if len(rows) > 1:
            sheet.merge_range(first, 1, last, 1, _household_number(number), cell)
    sheet.write_string(row, 0, "合计", cell)
    sheet.write_string(row, 2, f"{PEOPLE}人", cell)
    sheet.set_column(5, 5, 22)
    sheet.set_column(6, 8, 16)
    sheet.freeze_panes(4, 3)
    book.close()
    return out.getvalue()


def _household_number(number: int) -> str:
    return f"{number:03d}"


def _households(on: date, dice: random.Random) -> Iterator[list[list[str]]]:
    """Rows of text by household; the last household carries the wrong rows."""
    serial = 0
    first_row: list[str] = []
    rest = PEOPLE - WRONG_ROWS - sum(len(home.members) for home in HOMES)
    homes = [*HOMES, *(Home((_single(dice),)) for _ in range(rest))]
    for number, home in enumerate(homes, start=1):
        surname, address = dice.choice(SURNAMES), _address(dice)
        rows = []
        for member in home.members:
            serial += 1
            rows.append(_row(serial, number, surname, address, home, member, on, dice))
        first_row = first_row or rows[0]
        yield rows
    invalid, unknown = (
        _row(serial + n, len(homes) + 1, "吕", _address(dice), Home(()), member, on, dice)
        for n, member in enumerate((_single(dice), _single(dice)), start=1)
    )
    invalid[5] = invalid[5][:-1] + ("0" if invalid[5][-1] != "0" else "1")
    unknown[9] = "大本？"
    twice = [str(serial + 3), *first_row[1:]]
    twice[1] = invalid[1]
    yield [invalid, unknown, twice]


def _single(dice: random.Random) -> Member:
    return Member("户主", dice.choice("男女"), dice.randint(24, 39), "就业", "大专")


def _address(dice: random.Random) -> tuple[str, str]:
    """The building and the whole address inside the community."""
    building = f"{dice.randint(1, 20)}号楼"
    door = f"{dice.randint(1, 4)}单元{dice.randint(1, 6)}0{dice.randint(1, 2)}室"
    return building, building + door


def _row(
    serial: int,
    number: int,
    surname: str,
    address: tuple[str, str],
    home: Home,
    member: Member,
    on: date,
    dice: random.Random,
) -> list[str]:
    if member.relation in ("妻", "妻子", "丈夫", "母亲"):
        surname = dice.choice(SURNAMES)
    given = dice.choice(GIVEN[member.sex])
    phone = f"2000{dice.randint(0, 9_999_999):07d}"
    spelling = serial % 5
    if spelling == 1:
        phone = f"{phone[:4]} {phone[4:7]} {phone[7:]}"
    elif spelling == 2:
        phone = _full_width(phone)
    elif spelling == 3:
        phone = f"+86 {phone}"
    unemployed = _before(on, member.unemployed_days)
    registered = unemployed + timedelta(days=14) if member.registered and unemployed else None
    if member.registered and registered is None:
        registered = _before(on, 20)
    adult = member.age >= 16
    return [
        str(serial),
        _household_number(number),
        f"{surname}　{given[:1]}" if serial % 9 == 0 else surname + given,
        member.relation,
        member.sex,
        _id_number(member, on, serial, dice),
        phone if adult else "",
        *address,
        member.education,
        _spelled(_before(on, member.graduated_days), spelling),
        member.status,
        # Graduates who never had a job.
        "无" if member.graduated_days and unemployed is None else _spelled(unemployed, spelling),
        _spelled(registered, spelling + 1) if adult else "",
        member.able,
        member.wish,
        home.aid,
        member.disability[0],
        member.disability[1] or "无",
        home.alleviation,
        member.job,
        member.wage,
        member.hours,
        _full_width(member.walk) if serial % 7 == 0 else member.walk,
        member.certificates,
        "是" if member.status == "退休" else "否",
        "60" if member.sex == "男" else "50",
        "、".join(
            f"{on.year - age - 1}-{month}-15" for month, age in enumerate(member.children, 9)
        ),
        "是" if member.single_parent else "否",
        "是" if member.veteran else "否",
        member.goes_on,
        member.remarks,
    ]


def _before(on: date, days: int | None) -> date | None:
    return None if days is None else on - timedelta(days=days)


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "0" <= c <= "9" else c for c in text)


def _spelled(day: date | None, spelling: int) -> str:
    if day is None:
        return ""
    forms = (
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
    )
    return forms[spelling % 5]


def _id_number(member: Member, on: date, serial: int, dice: random.Random) -> str:
    """A number with a right check digit; ``lower_x`` draws until the check digit is x."""
    while True:
        born = date(on.year - member.age, 1, 1) - timedelta(days=dice.randint(1, 120))
        order = dice.randrange(10, 990) // 2 * 2 + (member.sex == "男")
        first = f"3799{serial % 90 + 1:02d}{born:%Y%m%d}{order:03d}"
        number = first + id_check_digit(first)
        if number.endswith("X") == member.lower_x:
            return number.replace("X", "x")


__all__ = ["PEOPLE", "WRONG_ROWS", "sample_roster"]
