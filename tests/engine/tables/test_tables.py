"""Tables in files: every format, every kind of bad input, and output that is whole or absent."""

from __future__ import annotations

import csv
import string
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from weiye.engine.tables import (
    Column,
    TableError,
    check_target,
    conform,
    read_table,
    rejects_path,
    write_rejects,
    write_table,
)

SCHEMA = [
    Column("id", pl.Int64, nullable=False, unique=True),
    Column("lon", pl.Float64, check=lambda c: c.is_between(-180, 180), message="应在 ±180 之间"),
    Column("born", pl.Date),
    Column("remote", pl.Boolean),
    Column("skills", pl.List(pl.String)),
    Column("unit", pl.String, required=False),
]
DTYPES = {c.name: c.dtype for c in SCHEMA}
GOOD = pl.DataFrame(
    [
        (1, 122.5, date(1980, 2, 29), True, ["电工证", "月嫂"], "371002001001"),
        (2, None, None, None, None, None),
        (3, -180.0, date(2001, 1, 1), False, ["驾照,C1"], '他说"好"\n第二行'),
    ],
    schema=DTYPES,
    orient="row",
)


def put(folder: Path, text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    write_table(GOOD, path)
    good, rejects = read_table(path, SCHEMA)
    assert_frame_equal(good, GOOD)
    assert rejects.is_empty()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_same_table_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_table(GOOD, first)
    write_table(pl.concat([GOOD[:1], GOOD[1:]]), second)
    assert first.read_bytes() == second.read_bytes()


ITEM = st.text("电工abc ,;\"'\n", min_size=1, max_size=4).map(str.strip).filter(bool)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-180, 180) | st.none(),
            st.dates(date(1900, 1, 1), date(2100, 1, 1)) | st.none(),
            st.booleans() | st.none(),
            st.lists(ITEM, min_size=1, max_size=3) | st.none(),
            ITEM | st.none(),
        ),
        max_size=6,
    )
)
def test_csv_loses_nothing(tmp_path: Path, rows: list[Any]) -> None:
    frame = pl.DataFrame([(i, *row) for i, row in enumerate(rows)], schema=DTYPES, orient="row")
    write_table(frame, tmp_path / "t.csv")
    assert_frame_equal(read_table(tmp_path / "t.csv", SCHEMA)[0], frame)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = put(
        tmp_path, "id,lon,born,remote,skills\n1,122,1980/2/29,是,电工证|月嫂\n", encoding=encoding
    )
    good, _ = read_table(path, SCHEMA)
    assert good.rows() == [(1, 122.0, date(1980, 2, 29), True, ["电工证", "月嫂"], None)]


def test_cells_as_spreadsheets_write_them(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        " id , lon,born,remote,skills,extra\r\n"
        "1.0,+122.50,1980-02-29 00:00:00,TRUE, 电工证 || 月嫂 |,x\r\n"
        "2,1e2,19800229,0,,\r\n"
        "\r\n"
        ",,,,,\r\n"
        '-3,"122",,,\n',
    )
    good, rejects = read_table(path, SCHEMA)
    assert good.rows() == [
        (1, 122.5, date(1980, 2, 29), True, ["电工证", "月嫂"], None),
        (2, 100.0, date(1980, 2, 29), False, None, None),
        (-3, 122.0, None, None, None, None),
    ]
    assert rejects.is_empty()


def test_bad_rows_are_set_aside_and_the_good_kept(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "id,lon,born,remote,skills,note\n"
        "1,122,1980-02-29,true,a,fine\n"
        "x,122,1980-02-29,true,a,no number\n"
        "2,999,1981-02-29,maybe,a,three faults\n"
        ",122,,,,no id\n"
        "1,122,,,,id again\n"
        "4,nan,,,,not a number\n"
        "5,122,,,,more,cells\n"
        "99999999999999999999,122,,,,too big\n"
        "6,122,,,,\n",
    )
    good, rejects = read_table(path, SCHEMA)
    assert good["id"].to_list() == [1, 6]
    assert rejects.columns == ["id", "lon", "born", "remote", "skills", "note", "row", "reason"]
    assert rejects.select("id", "row", "reason").rows() == [
        ("x", 3, "id 应为整数"),
        ("2", 4, "lon 应在 ±180 之间;born 应为日期(如 2025-06-30);remote 应为true/false"),
        (None, 5, "id 不能为空"),
        ("1", 6, "id 与第2行重复"),
        ("4", 7, "lon 应为数字"),
        ("5", 8, "这一行的格数比表头多"),
        ("99999999999999999999", 9, "id 应为整数"),
    ]
    assert rejects["note"][1] == "three faults"


def test_a_repeated_id_of_a_bad_row_does_not_cost_the_good_one(tmp_path: Path) -> None:
    good, rejects = read_table(
        put(tmp_path, "id,lon,born,remote,skills\n1,999,,,\n1,5,,,\n"), SCHEMA
    )
    assert good["lon"].to_list() == [5.0]
    assert rejects["row"].to_list() == [2]


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"t\.csv:缺少列 born、skills"):
        read_table(put(tmp_path, "id,lon,remote\n1,2,true\n"), SCHEMA)


def test_a_column_of_another_kind_stops_the_file(tmp_path: Path) -> None:
    path = put(tmp_path, "id,lon,born,remote,skills\n1,东,x,,\n2,西,,,\n3,北,,,\n")
    with pytest.raises(TableError, match=r"lon\(应为数字\)$"):
        read_table(path, SCHEMA)
    assert read_table(
        put(tmp_path, "id,lon,born,remote,skills\n1,1,x,,\n2,2,,,\n3,3,,,\n"), SCHEMA
    )[1]["reason"].to_list() == ["born 应为日期(如 2025-06-30)"]


def test_parquet_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame(
        {
            "id": pl.Series([1.0, 2.0, 2.5]),
            "lon": pl.Series([1, 2, 3], dtype=pl.Int16),
            "born": [datetime.fromisoformat("1980-02-29")] * 3,
            "remote": pl.Series([0, 1, 2], dtype=pl.UInt8),
            "skills": pl.Series([["a", None], [], None], dtype=pl.List(pl.Categorical)),
            "unit": [371002001001] * 3,
        }
    )
    frame.write_parquet(path)
    good, rejects = read_table(path, SCHEMA)
    assert good.rows() == [
        (1, 1.0, date(1980, 2, 29), False, ["a"], "371002001001"),
        (2, 2.0, date(1980, 2, 29), True, [], "371002001001"),
    ]
    assert rejects["reason"].to_list() == ["id 应为整数;remote 应为true/false"]
    frame.with_columns(lon=pl.col("skills"), born=pl.lit(7)).write_parquet(path)
    with pytest.raises(TableError, match=r"lon\(应为数字\)、born\(应为日期"):
        read_table(path, SCHEMA)


def test_xlsx_from_a_spreadsheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([])
    sheet.append(["id", "lon", "born", "remote", "skills", None])
    sheet.append([1, 122.25, date(1980, 2, 29), True, "a|b"])
    sheet.append([None])
    sheet.append(["二", 122.25, datetime.fromisoformat("1980-02-29 08:30"), False, None])
    sheet.append([3, 1, "1980-02-29", "false", None, None, "outside"])
    book.save(tmp_path / "t.xlsx")
    good, rejects = read_table(tmp_path / "t.xlsx", SCHEMA)
    assert good.rows() == [(1, 122.25, date(1980, 2, 29), True, ["a", "b"], None)]
    assert rejects.select("row", "reason").rows() == [
        (5, "id 应为整数"),
        (6, "这一行的格数比表头多"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"", "空"),
        ("t.csv", b"\xff\xff\xff\n", "编码"),
        ("t.csv", b"PK\x03\x04\x00\x00", "不是文本"),
        ("t.csv", b"id,id\n1,2\n", "列名重复 id"),
        ("t.xlsx", b"id,lon\n", "打不开"),
        ("t.xlsx", b"", "打不开"),
        ("t.parquet", b"id,lon\n", "打不开"),
        ("t.json", b"{}", "只认"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=says):
        read_table(tmp_path / name, SCHEMA)
    with pytest.raises(TableError, match="找不到"):
        read_table(tmp_path / "none.csv", SCHEMA)


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    good, rejects = read_table(put(tmp_path, "id,lon,born,remote,skills\n"), SCHEMA)
    assert good.schema == pl.Schema(DTYPES)
    assert good.is_empty()
    assert rejects.is_empty()


@given(content=st.text(string.printable + "电", max_size=60))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_read_or_refused_in_words(tmp_path: Path, content: str) -> None:
    """Every row of the file ends in one of the two frames, none is invented."""
    path = put(tmp_path, "id,lon,born,remote,skills\n" + content)
    try:
        good, rejects = read_table(path, SCHEMA)
    except TableError as error:
        assert str(error)
        return
    rows = list(csv.reader(path.read_text("utf-8").splitlines(keepends=True)))[1:]
    assert good.height + rejects.height <= max(
        len(rows), content.count("\n") + content.count("\r") + 1
    )


def test_rejects_are_written_beside_the_output_and_stale_ones_removed(tmp_path: Path) -> None:
    out = tmp_path / "pairs.parquet"
    assert rejects_path(out).name == "pairs.parquet.rejects.csv"
    bad = pl.DataFrame({"id": ["x"], "row": [3], "reason": ["id 应为整数"]})
    assert write_rejects(out, bad) == 1
    assert rejects_path(out).read_text("utf-8") == "id,row,reason\nx,3,id 应为整数\n"
    other = pl.DataFrame({"code": ["y"], "row": [9], "reason": ["code"]})
    assert write_rejects(out, ("people", bad), ("vacancies", other)) == 2
    assert rejects_path(out).read_text("utf-8").splitlines()[0] == "id,code,table,row,reason"
    assert write_rejects(out, bad.clear()) == 0
    assert not rejects_path(out).exists()


def test_a_corrected_rejects_file_can_be_fed_back(tmp_path: Path) -> None:
    path = put(tmp_path, "id,lon,born,remote,skills,row,reason\n1,5,,,,3,old\nx,5,,,,4,old\n")
    good, rejects = read_table(path, SCHEMA)
    assert good["id"].to_list() == [1]
    assert rejects.select("row", "reason").rows() == [(3, "id 应为整数")]


def test_lists_with_a_bar_and_long_numbers(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": [2**60 + 1, 7], "l": [["a|b", "c"], None]})
    write_table(frame, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet is not None
    assert [list(row) for row in sheet.values] == [
        ["n", "l"],
        [str(2**60 + 1), "a\uff5cb|c"],
        [7, None],
    ]


@pytest.mark.parametrize("target", ["t.txt", "none/t.csv", "folder.csv"])
def test_targets_that_cannot_be_written(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError):
        check_target(tmp_path / target)
    with pytest.raises(TableError):
        write_table(GOOD, tmp_path / target)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    write_table(GOOD, path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(TableError, match="No space"):
        write_table(GOOD[:1], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


def test_conform_names_every_wrong_column() -> None:
    frame = pl.DataFrame({"id": [1, 1], "lon": ["x", "1"], "born": [None, None], "skills": [1, 2]})
    with pytest.raises(TableError, match="people缺少列:remote"):
        conform(frame, SCHEMA, "people")
    with pytest.raises(TableError) as caught:
        conform(frame.with_columns(remote=True), SCHEMA, "people")
    assert len(caught.value.problems) == 3
    assert conform(GOOD, SCHEMA).equals(GOOD)
