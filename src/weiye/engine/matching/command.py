"""`./weiye match`: people and vacancies in files → ranked, explained pairs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import yaml

from weiye.engine.matching.matcher import match, warm
from weiye.engine.matching.schema import PEOPLE, VACANCIES
from weiye.engine.matching.weights import Weights
from weiye.engine.tables import (
    Column,
    TableError,
    check_target,
    read_table,
    write_rejects,
    write_table,
)

NAMES = [
    Column("code", pl.String, nullable=False, unique=True),
    Column("name", pl.String, nullable=False),
]


def main(
    argv: Sequence[str],
    *,
    weights: Mapping[str, int] | None = None,
    names: Mapping[str, str] | None = None,
) -> int:
    """Status 0, or 2 with one message and nothing written. `weights`: what holds without
    `--weights`; without either, the defaults of `Weights`. `names`: likewise for `--names`."""
    options = _parser().parse_args(argv)
    try:
        out = check_target(options.out)
        chosen = _weights(options.weights, weights)
        (people, bad_people), (vacancies, bad_vacancies), given = _tables(options)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    warm()
    pairs = match(
        people,
        vacancies,
        as_of=options.as_of,
        top=options.top,
        weights=chosen,
        direction=options.direction,
        names=given or names or {},
        threads=options.threads,
    )
    try:
        write_table(pairs, out)
        rejected = write_rejects(out, ("people", bad_people), ("vacancies", bad_vacancies))
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{people.height} 人 × {vacancies.height} 个岗位 → {pairs.height} 对，已写入 {out}",
        file=sys.stderr,
    )
    if rejected:
        print(f"{rejected} 行有问题,原因见 {out}.rejects.csv", file=sys.stderr)
    return 0


def _tables(
    options: argparse.Namespace,
) -> tuple[tuple[pl.DataFrame, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame], dict[str, str]]:
    """All inputs; what is wrong with any of them is told at once."""
    problems: list[str] = []
    read = []
    for path, schema in ((options.people, PEOPLE), (options.vacancies, VACANCIES)):
        try:
            read.append(read_table(path, schema))
        except TableError as error:
            problems += error.problems
    names: dict[str, str] = {}
    if options.names is not None:
        try:
            good, _ = read_table(options.names, NAMES)
            names = dict(good.iter_rows())
        except TableError as error:
            problems += error.problems
    if problems:
        raise TableError(problems)
    return read[0], read[1], names


def _weights(path: Path | None, given: Mapping[str, int] | None) -> Weights:
    if path is None:
        return Weights() if given is None else Weights.from_mapping(given)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TableError(f"读不了权重文件 {path}:{error}") from error
    if isinstance(data, dict) and isinstance(data.get("weights"), dict):
        data = data["weights"]
    if not isinstance(data, dict):
        raise TableError(f"权重文件 {path} 应是“名称: 整数”的列表")
    try:
        return Weights.from_mapping(data)
    except ValueError as error:
        raise TableError(f"{path}:{error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./weiye match",
        description="Ranks vacancies for people (or people for vacancies) under hard conditions, "
        "with the reasons of every pair.",
        epilog="Tables are CSV, Parquet or .xlsx as described in docs: people (person_id, lon, "
        "lat, birth_date, education, occupation_codes, skills, min_wage, hours, "
        "needs_accessible, max_walk_minutes; optional unit) and vacancies (vacancy_id, lon, lat, "
        "remote, occupation_code, skills, wage_min, wage_max, hours, min_age, max_age, "
        "min_education, accessible, openings, posted_on, expires_on; optional unit). Other "
        "columns are ignored; sex and groups are never used. Bad rows go to "
        "<out>.rejects.csv.",
    )
    parser.add_argument("--people", type=Path, required=True, metavar="FILE")
    parser.add_argument("--vacancies", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--as-of", type=_day, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--top", type=_positive, default=20, metavar="N")
    parser.add_argument(
        "--for",
        dest="direction",
        choices=("person", "vacancy"),
        default="person",
        help="whose list is ranked (default: person)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE.yaml", help="weights of the score, in millionths"
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="occupation names for the reasons: code, name"
    )
    parser.add_argument("--threads", type=_positive, default=1, metavar="N")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2025-06-30") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)
