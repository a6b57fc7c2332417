"""The one list mechanism: filters, sort, columns, pages, addresses, queries."""

import pytest
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.html import format_html

from weiye.base.regions.models import Unit
from weiye.desks.components.lists import Choice, Column, Flag, ListPage, ListSpec, Range, Search

pytestmark = pytest.mark.django_db


def _refuse(rows: QuerySet[Unit], text: str) -> QuerySet[Unit]:
    if text == "坏":
        raise ValueError("请换一个词。")
    return rows.filter(name__contains=text)


SPEC = ListSpec(
    columns=(
        Column("name", "名称", lambda u: u.name, order=("name",)),
        Column("code", "代码", lambda u: u.code, order=("code",)),
        Column(
            "level",
            "层级",
            lambda u: u.level,
            html=lambda u: format_html("<b>{}</b>", u.level),
            order=("level",),
        ),
        Column("lon", "经度", lambda u: u.lon, order=(F("lon"),), shown=False),
    ),
    filters=(
        Choice(
            "level",
            "层级",
            [("community", "社区"), ("street", "街道")],
            lambda rows, value: rows.filter(level=value),
        ),
        Flag("made", "演示", lambda rows: rows.filter(synthetic=True)),
        Range(
            "size",
            "名字长度",
            lambda rows, low, high: rows.filter(pk__gte=low or 0),
            unit="字",
            highest=20,
        ),
    ),
    search=Search("搜索", _refuse),
    order="code",
    page_size=4,
    keep=("unit",),
)


def page(query: str = "") -> ListPage:
    return ListPage(SPEC, Unit.objects.all(), QueryDict(query))


def names(query: str) -> list[str]:
    return [str(row.head) for row in page(query).rows]


def test_a_page_costs_a_count_and_one_read(django_assert_num_queries) -> None:
    with django_assert_num_queries(2):
        found = page()
        assert (found.total, found.pages, len(found.rows)) == (15, 4, 4)
        assert found.rows and found.headers and found.page_links


@pytest.mark.parametrize(
    ("query", "sorted_by", "descending"),
    [("", "code", False), ("sort=-name", "name", True), ("sort=nonsense", "code", False)],
)
def test_sorts_by_known_columns_only(query: str, sorted_by: str, descending: bool) -> None:
    column, down = page(query).sort
    assert column is not None
    assert (column.key, down) == (sorted_by, descending)


def test_pages_hold_every_row_once() -> None:
    seen = [name for n in range(1, 5) for name in names(f"sort=level&page={n}")]
    assert len(seen) == 15
    assert sorted(seen) == sorted(Unit.objects.order_by("pk").values_list("name", flat=True))


@pytest.mark.parametrize(("asked", "given"), [("0", 1), ("99", 4), ("x", 1), ("-1", 1), ("2", 2)])
def test_a_page_that_is_not_there_becomes_the_nearest(asked: str, given: int) -> None:
    assert page(f"page={asked}").number == given


def test_narrowings_are_shown_and_lifted_one_by_one() -> None:
    found = page("level=community&q=测试&sort=-name&page=2")
    assert found.total == 5
    assert [text for text, _ in found.chips] == ["搜索“测试”", "层级：社区"]
    lifted = QueryDict(found.chips[1][1][1:])
    assert lifted.dict() == {"q": "测试", "sort": "-name"}
    assert QueryDict(found.clear_url[1:]).dict() == {"sort": "-name"}


@pytest.mark.parametrize("query", ["level=galaxy", "made=yes", "size_from="])
def test_values_that_are_no_choice_narrow_nothing(query: str) -> None:
    found = page(query)
    assert (found.total, found.chips, found.complaints) == (15, [], [])


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("size_from=abc", "名字长度请填0到20之间的整数。"),
        ("size_from=21", "名字长度请填0到20之间的整数。"),
        ("size_from=9&size_to=3", "名字长度的起点比终点大，请对调。"),
        ("q=坏", "请换一个词。"),
    ],
)
def test_a_value_that_cannot_be_used_is_said_in_chinese(query: str, sentence: str) -> None:
    assert page(query).complaints == [sentence]


def test_columns_are_chosen_and_the_first_stays() -> None:
    found = page("col=lon&col=nonsense")
    assert [h.label for h in found.headers] == ["名称", "经度"]
    assert [h.label for h in page().headers] == ["名称", "代码", "层级"]


def test_the_table_for_a_file_is_what_is_seen_on_all_pages() -> None:
    labels, rows = page("level=community&col=level").table()
    assert labels == ["名称", "层级"]
    assert len(list(rows)) == 5


def test_cells_escape_what_people_typed() -> None:
    Unit.objects.filter(code="370000000000").update(name="<script>")
    assert names("page=1")[0] == "&lt;script&gt;"


def test_the_export_repeats_everything_but_the_page() -> None:
    assert QueryDict(page("level=street&page=2&sort=name&unit=5").query).dict() == {
        "level": "street",
        "sort": "name",
        "unit": "5",
    }
