"""A file of changed codes: what each row means, what is set aside; trying keeps nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.utils import timezone

from tests.base.regions.sound import broken
from tests.world import A, B, C, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.regions import actions
from weiye.base.regions.models import Unit, UnitPast
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.engine.tables import TableError
from weiye.registers.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

TODAY = timezone.localdate()
STREET, COUNTY = "371002001000", "371002000000"


@pytest.fixture(autouse=True)
def inside(db: Any) -> Any:
    with fence(system()):
        yield


def sheet(
    tmp_path: Path, *rows: tuple[str, ...], header: str = "代码,名称,城乡分类代码,原代码,变更"
):  # type: ignore[no-untyped-def]
    width = header.count(",") + 1
    lines = [",".join([*row, *[""] * (width - len(row))]) for row in rows]
    path = tmp_path / "变更.csv"
    path.write_text("\n".join([header, *lines]), encoding="gb18030")
    return actions.read_changes(path)


def judged(
    tmp_path: Path, *rows: tuple[str, ...], actor: Any = None, day: Any = TODAY, **more: Any
) -> Any:
    """The words for each row; tried out first, which must say the same and keep nothing."""
    found = sheet(tmp_path, *rows, **more)

    def change() -> Any:
        return actions.import_changes(actor=actor or system(), sheet=found, day=day)

    before = list(Unit.objects.order_by("pk").values()), UnitPast.objects.count()
    tried = actions.preview(change)
    assert (list(Unit.objects.order_by("pk").values()), UnitPast.objects.count()) == before
    done = change()
    assert [(line.words, line.bad) for line in tried.lines] == [
        (line.words, line.bad) for line in done.lines
    ]
    return done


def words(found: Any) -> list[str]:
    return [f"错误：{line.words}" if line.bad else line.words for line in found.lines]


def test_each_kind_of_row_does_what_it_says(tmp_path: Path) -> None:
    home = Unit.objects.get(code=B)
    Person.objects.create(unit=home, unit_path=home.path, name="x", source="t", as_of=TODAY)
    found = judged(
        tmp_path,
        (A, "望海社区居民委员会", "111"),
        (STREET, "", "112"),
        (COUNTY, "环翠区"),
        ("371002001003", "新设社区居民委员会", "220"),
        ("371002001012", "乙社区居民委员会", "", B),
        (C, "", "", "", "撤销"),
    )
    assert not found.bad, words(found)
    assert words(found)[0] == "改名：测试甲社区 → 望海社区居民委员会"
    assert words(found)[1:3] == ["城乡分类：112 城乡结合区", "没有变化"]
    a = Unit.objects.get(code=A)
    assert (a.name, a.urban_rural, a.initials[:4]) == ("望海社区居民委员会", "111", "whsq")
    assert Unit.objects.get(code=STREET).urban_rural == "112"
    assert Unit.objects.get(code="371002001003").since == TODAY
    moved = Unit.objects.get(code="371002001012")
    assert (moved.pk, moved.path) == (home.pk, path_of("371002001012"))
    assert not Unit.objects.filter(code__in=[B, C]).exists()
    assert found.outcome.rows["people.Person"] == 1
    assert broken() == {}
    assert AuditEntry.objects.filter(verb="unit.import").count() == 1


def test_splits_and_mergers(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        ("371002001008", "东社区", "", A),
        ("371002001009", "西社区", "", A),
        day=TODAY - timedelta(days=2),
    )
    assert words(found) == ["拆分", "拆分"]
    (a,) = Unit.objects.filter(code__startswith=f"{A}~")
    assert a.parent == Unit.objects.get(code="371002001008")
    found = judged(
        tmp_path,
        ("371002001010", "合一社区", "", f"371002001009、{B}"),
        day=TODAY - timedelta(days=1),
    )
    assert words(found) == ["合并"]
    new = Unit.objects.get(code="371002001010")
    assert {unit.plain_code for unit in new.origins.all()} == {"371002001009", B}
    # What keeps its own code goes on; the other is split off it.
    found = judged(
        tmp_path, ("371002001010", "合一社区"), ("371002001011", "分出社区", "", "371002001010")
    )
    assert words(found) == ["没有变化", "拆分"]
    assert Unit.objects.get(code="371002001010").is_open


def test_codes_that_come_along_with_a_county_are_no_error(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        ("371005000000", "环海区", "", COUNTY),
        ("371005001000", "", "", STREET),
        ("371005001001", "新名社区", "", A),
    )
    assert not found.bad, words(found)
    assert Unit.objects.get(code="371005001001").name == "新名社区"
    assert Unit.objects.get(code="371005001002").path == "37/10/05/001/002/"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("", "无码")], "没有填代码"),
        ([("371002-甲", "x")], "应为12位数字"),
        ([(A, "新甲"), (A, "新新甲")], "与第2行重复"),
        ([(A, "新甲", "999")], "应为111"),
        ([(A, "新甲", "", "", "飞升")], "只能填"),
        ([("371002009001", "新社区")], "请先新增上级"),
        ([("371002001009", "")], "请填写名称"),
        ([("371002001009", "新社区", "", "371002001777")], "没有代码为371002001777的单位"),
        ([("371002001009", "新社区", "", "", "撤销")], "没有代码为371002001009的单位"),
        ([(STREET, "", "", "", "撤销")], "还有下级单位"),
        ([(B, "测试甲社区")], "已有“测试甲社区”"),
        (
            [("371002001008", "一", "", f"{A}、{B}"), ("371002001009", "二", "", A)],
            "又拆又并",
        ),
    ],
)
def test_wrong_rows_are_set_aside_and_say_why(
    tmp_path: Path, rows: list[tuple[str, ...]], said: str
) -> None:
    good = ("371002002001", "好社区")
    found = judged(tmp_path, *rows, good)
    assert any(said in line.words for line in found.bad), words(found)
    assert Unit.objects.get(code=C).name == "好社区"


def test_rows_outside_the_area_and_before_the_last_change_are_set_aside(tmp_path: Path) -> None:
    county = system(path_of(COUNTY), rights=("units.edit",))
    with fence(county):
        found = judged(
            tmp_path,
            (A, "新甲社区"),
            ("371003001001", "外面的社区"),
            ("371003001000", "", "121"),
            actor=county,
        )
    assert [line.bad for line in found.lines] == [False, True, True]
    assert "不在您管理的范围内" in found.lines[1].words
    late = sheet(tmp_path, (A, "更早的名字", ""), (STREET, "", "111"))
    actions.amend(actor=system(), unit=Unit.objects.get(code=STREET), urban_rural="112", day=TODAY)
    found = actions.import_changes(actor=system(), sheet=late, day=TODAY - timedelta(days=3))
    assert [line.bad for line in found.lines] == [True, True]
    worker = system(path_of(A), rights=("people.list",))
    with pytest.raises(NotAllowed):
        actions.import_changes(actor=worker, sheet=late, day=TODAY)


def test_the_senders_own_table_comes_back_with_a_result(tmp_path: Path) -> None:
    found = sheet(
        tmp_path, (A, "新甲社区", "我的备注"), ("12", "坏"), header="统计用区划代码,名称,备注"
    )
    done = actions.import_changes(actor=system(), sheet=found, day=TODAY)
    back = done.returned(found)
    assert back.columns == ["统计用区划代码", "名称", "备注", "处理结果"]
    assert back["备注"].to_list() == ["我的备注", None]
    assert back["处理结果"][0].startswith("改名")
    assert back["处理结果"][1].startswith("错误")
    # Sent again it takes the column of results for what it is.
    path = tmp_path / "again.csv"
    back.write_csv(path)
    again = actions.read_changes(path)
    assert "处理结果" not in again.cells.columns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "空的"),
        ("名称\n甲", "没有“代码”"),
        ("代码\n1", "至少一列"),
        ("代码,名称\n", "没有数据"),
        ("代码,代码\n1,2", "重复"),
        ("代码,名称\n1,2,3,4", "格数比表头多"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=said):
        actions.read_changes(path)


def test_a_whole_county_of_classes_takes_few_queries(
    tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    with fence(system()):
        street = Unit.objects.get(code=STREET)
        Unit.objects.bulk_create(
            Unit(
                code=f"371002001{n:03}",
                name=f"第{n}社区",
                level="community",
                parent=street,
                path=f"{street.path}{n:03}/",
            )
            for n in range(100, 300)
        )
    rows = [(f"371002001{n:03}", "", "220") for n in range(100, 300)]
    found = sheet(tmp_path, *rows)
    with django_assert_max_num_queries(80):
        done = actions.import_changes(actor=system(), sheet=found, day=TODAY)
    assert len(done.changed) == 200
    assert Unit.objects.filter(urban_rural="220").count() == 200
    assert UnitPast.objects.count() == 200


def test_a_functional_area_without_a_code_comes_from_its_pack_once(tmp_path: Path) -> None:
    from weiye.base.packs.reading import PackError

    packs = Path(__file__).parents[3] / "packs"
    assert actions.load_functional(actor=system(), pack=packs / "shandong") == 0
    assert actions.load_functional(actor=system(), pack=packs / "weihai") == 1
    assert actions.load_functional(actor=system(), pack=packs / "weihai") == 0
    area = Unit.objects.get(name="南海新区")
    assert (area.code, area.path, area.kind, area.since) == (
        "3710nh",
        "37/10/nh/",
        "functional",
        None,
    )
    # Renamed by its administrator, it stays so.
    actions.amend(actor=system(), unit=area, name="威海南海新区", code="3710nhx", day=TODAY)
    assert actions.load_functional(actor=system(), pack=packs / "weihai") == 0
    for text in (
        "areas:\n- {code: 3710u1, name: x, parent: '371000000000', level: county, source: x}",
        "areas:\n- {code: 3711nh, name: x, parent: '371000000000', level: county, source: x}",
        "areas:\n- {code: 3710nh, name: x, parent: '371000000000', level: street, source: x}",
        "areas:\n- {code: 3710nh, name: x, parent: '371000000000', level: county}",
        "areas:\n- {code: 3799nh, name: x, parent: '379900000000', level: county, source: x}",
    ):
        (tmp_path / "regions-functional.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(PackError):
            actions.load_functional(actor=system(), pack=tmp_path)


def test_the_three_functional_areas_of_weihai_with_a_code_are_there() -> None:
    from weiye.base.regions.reading import read_regions

    found = dict(
        read_regions(Path(__file__).parents[3] / "packs" / "shandong")
        .filter(pl.col("code").str.starts_with("37107") & (pl.col("level") == "county"))
        .select("code", "name")
        .iter_rows()
    )
    assert found == {
        "371071000000": "威海火炬高技术产业开发区",
        "371072000000": "威海经济技术开发区",
        "371073000000": "威海临港经济技术开发区",
    }
