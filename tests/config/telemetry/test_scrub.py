"""Nothing that could be somebody's data passes the scrubber."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.config.telemetry import scrub

PRIVATE = [
    "379902199001011234",
    "37990219900101123X",
    "379902 19900101 1234",
    "379902900101123",
    "13800138000",
    "138-0013-8000",
    "+86 138 0013 8000",
    "20000123456",
    "１３８００１３８０００",
    "0631-5231234",
    "6222 0212 3456 7890 123",
    "张三",
    "山东省威海市环翠区",
    "zhang.san@example.cn",
]


@pytest.mark.parametrize("value", PRIVATE)
@pytest.mark.parametrize("around", ["{}", "row {} is bad", "('{}', 1)", "x={}, y", "<{}>\n{}"])
def test_what_looks_like_personal_data_is_gone(value: str, around: str) -> None:
    assert value not in scrub.text(around.format(value, value))


@pytest.mark.parametrize(
    "words",
    [
        "migrate took 12.5 s",
        "unit 371002001001 path 37/10/02/001/001/",
        "2026-11-20 13:55:51.123456",
        'duplicate key value violates unique constraint "people_person_id_index_key"',
        "port 54999, 1234567 rows",
        "weiye/base/scope/gate.py:55 process_view",
    ],
)
def test_what_an_operator_needs_stays(words: str) -> None:
    assert scrub.text(words) == words


def test_fields_of_people_are_masked_by_their_name() -> None:
    said = scrub.text("{'name': 'Zhang San', 'phone': 'x1', 'rows': 3} username=zhangsan&next=1")
    assert "Zhang" not in said and "x1" not in said and "zhangsan" not in said
    assert "'rows': 3" in said
    assert scrub.mapping({"Name": "Li", "args": [1], "rows": 3, "at": {"phone": "1"}}) == {
        "Name": scrub.MASK,
        "args": scrub.MASK,
        "rows": 3,
        "at": {"phone": scrub.MASK},
    }


def test_a_query_string_is_no_words_for_a_log() -> None:
    assert scrub.text("GET /community/people/?q=wang&age=3 HTTP/1.1").startswith(
        "GET /community/people/?[…]"
    )


def test_of_postgresqls_words_only_those_without_values_stay() -> None:
    said = (
        'duplicate key value violates unique constraint "x"\n'
        "DETAIL:  Key (id_index)=(abcdef) already exists.\n"
        'CONTEXT:  COPY people_person, line 1, column sex: "m"\n'
    )
    assert scrub.text(said).strip() == 'duplicate key value violates unique constraint "x"'
    said = "invalid input syntax for type date: \"secret\"\nLINE 1: SELECT 'secret'\n       ^"
    assert "secret" not in scrub.text(said)


@pytest.mark.django_db
def test_an_error_of_the_database_names_the_fault_alone() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE planted "
            "(word text CONSTRAINT word_short CHECK (length(word) < 3))"
        )
        with pytest.raises(Exception) as caught:
            cursor.execute("INSERT INTO planted VALUES ('Zhang San')")
    assert isinstance(caught.value.__cause__, psycopg.Error)
    said = scrub.error(caught.value)
    assert "Zhang" in str(caught.value) and "Zhang" not in said
    assert "sqlstate=23514" in said and "constraint=word_short" in said


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ValueError("invalid literal for int() with base 10: 'Zhang'"), "base 10: […]"),
        (KeyError("Zhang"), "[…]"),
        (AttributeError("'NoneType' object has no attribute 'pk'"), "no attribute 'pk'"),
    ],
)
def test_what_an_exception_quotes_is_somebodys_unless_it_names_the_program(
    problem: Exception, said: str
) -> None:
    assert said in scrub.error(problem) and "Zhang" not in scrub.error(problem)


@given(st.from_regex(r"\A\d{17}[\dX]\Z"), st.text(max_size=30), st.text(max_size=30))
def test_an_id_number_between_any_words(number: str, before: str, after: str) -> None:
    assert number not in scrub.text(f"{before} {number} {after}")


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), st.text(), st.binary())))
def test_any_mapping_comes_out_as_plain_data(values: dict[str, object]) -> None:
    for value in scrub.mapping(values).values():
        assert value is None or isinstance(value, bool | int | float | str | list | dict)
