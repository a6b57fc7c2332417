# ruff: noqa: E501 — a table: one person per line.
"""The invented households of the sample roster: every assistance category at least once."""

from __future__ import annotations

from dataclasses import dataclass


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split("、"))


SURNAMES = "王李张刘陈杨赵孙周徐于宋丛姜邹戚毕曲鞠苗"
GIVEN = {
    "男": _names(
        "建国、志强、海波、晓东、明辉、立新、国栋、振华、文博、浩然、俊杰、子轩、永胜、德海、庆林、学军"
    ),
    "女": _names(
        "秀英、丽华、海燕、晓梅、玉兰、桂芳、雪莲、文静、佳怡、欣然、春霞、红梅、淑珍、美玲、慧敏、雅琴"
    ),
}


@dataclass(frozen=True)
class Member:
    """One person of the sample; ages in years and spans in days before the day of the roster."""

    relation: str
    sex: str
    age: int
    status: str
    education: str = "高中"
    unemployed_days: int | None = None
    registered: bool = False
    graduated_days: int | None = None
    able: str = "有"
    wish: str = "是"
    disability: tuple[str, str] = ("", "")
    job: str = ""
    wage: str = ""
    hours: str = ""
    walk: str = ""
    certificates: str = "无"
    remarks: str = ""
    lower_x: bool = False
    children: tuple[int, ...] = ()
    """Ages of the children of a mother."""
    veteran: bool = False
    single_parent: bool = False
    goes_on: str = ""
    """是否继续升学."""


@dataclass(frozen=True)
class Home:
    """A household with what the whole of it is: 低保情况 and 脱贫情况."""

    members: tuple[Member, ...]
    aid: str = "无"
    alleviation: str = "无"


def _jobless(relation: str, sex: str, age: int, days: int, **more: object) -> Member:
    return Member(relation, sex, age, "失业", unemployed_days=days, registered=True, **more)  # type: ignore[arg-type]


HOMES = (
    # 零就业家庭: everybody of working age who can work is out of work.
    Home((
        _jobless("户主", "男", 46, 400, education="初中", job="保安、门卫", wage="2800", hours="全天", walk="15分钟"),
        _jobless("妻", "女", 44, 300, education="初中", job="保洁", wage="2500", hours="上午", walk="15"),
        Member("子", "男", 15, "在校", "初中", wish="", able=""),
    )),
    Home((
        _jobless("户主", "女", 42, 500, education="小学", job="家政服务", wage="3000元", hours="上午、下午", walk="20分钟"),
        _jobless("儿子", "男", 21, 200, education="中专", job="快递员", wage="4000-6000", hours="不限", walk="半小时", lower_x=True),
    ), aid="低保"),
    # 低保, 低保边缘, 特困
    Home((
        _jobless("户主", "男", 53, 800, education="初中", job="绿化养护", wage="2600", hours="白天", walk="20"),
        Member("妻子", "女", 51, "失业", "小学", 700, able="无", wish="否", remarks="长期患病"),
    ), aid="低保户"),
    Home((
        _jobless("户主", "女", 38, 120, job="收银员", wage="3000以上", hours="上午、下午", walk="15", children=(9,), single_parent=True),
        Member("女儿", "女", 9, "在校", "小学", able="", wish=""),
    ), aid="低保边缘"),
    Home((Member("户主", "男", 63, "退休", "小学", able="无", wish="否"),), aid="特困"),
    # 脱贫享受政策, 防止返贫监测
    Home((
        _jobless("户主", "男", 49, 210, education="初中", job="装卸工", wage="3500", hours="全天", walk="30分钟以内"),
        Member("妻", "女", 47, "灵活就业", "小学", job="缝纫工", wage="2500", hours="下午", walk="10"),
    ), alleviation="脱贫户"),
    Home((
        _jobless("户主", "女", 45, 190, education="初中", job="食堂帮厨", wage="2800", hours="全天", walk="15"),
        Member("父亲", "男", 72, "退休", "小学", able="无", wish="否"),
    ), alleviation="监测对象"),
    # 残疾 of three grades
    Home((
        _jobless("户主", "男", 36, 600, disability=("肢体", "三级"), job="客服", wage="3000", hours="不限", walk="10", certificates="电工(中级)"),
        Member("妻", "女", 34, "就业", "大专"),
    )),
    Home((_jobless("户主", "女", 29, 260, education="大专", disability=("听力", "二级"), job="数据录入、绘图", wage="3500", hours="全天", walk="15"),)),
    Home((
        Member("户主", "男", 55, "就业", "初中"),
        Member("儿子", "男", 24, "失业", "小学", 900, disability=("智力", "一级"), able="无", wish="否"),
    )),
    # 大龄
    Home((
        _jobless("户主", "男", 56, 250, veteran=True, education="初中", job="保安", wage="2600", hours="夜班", walk="15"),
        Member("妻", "女", 54, "退休", "初中", wish="否"),
    )),
    Home((
        _jobless("户主", "女", 43, 150, education="高中", job="超市理货员", wage="3000", hours="上午、下午", walk="15"),
        Member("丈夫", "男", 45, "就业", "高中"),
    )),
    # 长期失业
    Home((
        _jobless("户主", "男", 33, 560, education="中专", job="驾驶员", wage="5000", hours="全天", walk="30", certificates="汽车维修工四级"),
        Member("妻", "女", 31, "就业", "大专"),
        Member("女儿", "女", 4, "其他", "其他", able="", wish=""),
    )),
    Home((
        _jobless("户主", "女", 35, 480, children=(11, 5), education="高中", job="育婴员", wage="4000", hours="上午", walk="20", certificates="育婴员三级"),
        Member("丈夫", "男", 38, "就业", "中专"),
        Member("长子", "男", 11, "在校", "小学", able="", wish=""),
        Member("次女", "女", 5, "其他", "其他", able="", wish=""),
    )),
    # 高校毕业生: left school lately, and longer ago
    Home((
        Member("户主", "男", 51, "就业", "高中"),
        Member("妻", "女", 50, "就业", "高中"),
        Member("女儿", "女", 22, "失业", "本科", None, True, 60, job="行政文员", wage="4000-5000", hours="全天", walk="30"),
    )),
    Home((
        Member("户主", "男", 53, "就业", "中专"),
        Member("儿子", "男", 24, "失业", "大专", None, True, 420, job="机械操作工", wage="4500", hours="全天", walk="30", certificates="电工(初级)"),
    )),
    Home((
        Member("户主", "女", 52, "退休", "高中", wish="否"),
        Member("女儿", "女", 25, "失业", "研究生", 240, True, 300, job="教师、编辑", wage="6000", hours="全天", walk="30"),
    )),
    # Nobody in difficulty.
    Home((
        Member("户主", "男", 41, "就业", "本科"),
        Member("妻", "女", 39, "就业", "本科"),
        Member("儿子", "男", 13, "在校", "小学", able="", wish=""),
    )),
    Home((
        Member("户主", "女", 30, "灵活就业", "大专", job="网店客服", wage="4000", hours="晚上、周末", walk="15"),
    )),
    Home((
        Member("户主", "男", 68, "退休", "初中", wish="否"),
        Member("孙子", "男", 18, "失业", "高中", None, True, 80, job="快递员", wage="3500", hours="全天", walk="20", goes_on="否"),
    )),
    Home((
        Member("户主", "男", 27, "就业", "大专"),
        Member("妻", "女", 26, "失业", "高中", 40, True, job="营业员", wage="3500", hours="不限", walk="15"),
    )),
    Home((
        Member("户主", "男", 47, "就业", "高中"),
        Member("妻", "女", 46, "灵活就业", "初中", job="早点制作", wage="3000", hours="早班", walk="10"),
        Member("母亲", "女", 71, "退休", "其他", able="无", wish="否"),
    )),
    Home((
        Member("户主", "男", 22, "服役", "高中", wish=""),
        Member("父亲", "男", 48, "就业", "高中"),
        Member("母亲", "女", 47, "就业", "初中"),
    )),
    Home((
        Member("户主", "女", 58, "退休", "高中", wish="是", job="看护", wage="2000", hours="上午", walk="10"),
    )),
    Home((
        Member("户主", "男", 37, "就业", "中专"),
        Member("妻", "女", 36, "失业", "初中", 380, True, children=(8, 3), job="手工加工", wage="2500", hours="上午、下午", walk="10"),
        Member("儿子", "男", 8, "在校", "小学", able="", wish=""),
        Member("女儿", "女", 3, "其他", "其他", able="", wish=""),
    )),
)  # fmt: skip
