"""The checks: what each app says must hold among its rows, in ``integrity.yaml`` beside its models.

A check is SQL that returns the ``key`` of every row which breaks it; never anything of a person.
Whether a row's ``unit_path`` is that of its unit is derived for every fenced table, so that a new
one is checked without anybody remembering.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from django.apps import apps

Severity = Literal["severe", "warning", "note"]
SEVERITIES: dict[Severity, str] = {"severe": "严重", "warning": "警告", "note": "提示"}
_FIELDS = {"title", "severity", "meaning", "remedy", "sql"}


class BadCheck(Exception):
    """A file of checks is not as it must be; names the file and the check."""


@dataclass(frozen=True)
class Check:
    """``id`` is ``app.name``; title, meaning and remedy are Chinese sentences."""

    id: str
    title: str
    severity: Severity
    meaning: str
    remedy: str
    sql: str
    mended: bool = False
    """`weiye.base.regions.actions.gather` brings such rows where they belong."""

    @property
    def severity_title(self) -> str:
        return SEVERITIES[self.severity]


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, by app and in the order of its file. Raises `BadCheck`."""
    found: list[Check] = []
    for config in apps.get_app_configs():
        path = Path(config.path) / "integrity.yaml"
        if path.is_file():
            found += read(path, config.label)
    found += [*derived(), first_form()]
    ids = [check.id for check in found]
    if doubles := sorted({each for each in ids if ids.count(each) > 1}):
        raise BadCheck(f"{', '.join(doubles)}: named twice")
    return tuple(found)


def read(path: Path, app: str) -> list[Check]:
    """The checks of one file, whose names become ``app.name``. Raises `BadCheck`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadCheck(f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise BadCheck(f"{path}: expected checks by name")
    found = []
    for name, entry in content.items():
        if not isinstance(entry, dict) or set(entry) != _FIELDS:
            raise BadCheck(f"{path}: {name} must have {', '.join(sorted(_FIELDS))}, no more")
        if not all(isinstance(value, str) and value.strip() for value in entry.values()):
            raise BadCheck(f"{path}: {name} has an empty field")
        if entry["severity"] not in SEVERITIES:
            raise BadCheck(f"{path}: {name} has an unknown severity {entry['severity']!r}")
        texts: dict[str, Any] = {key: value.strip() for key, value in entry.items()}
        found.append(Check(id=f"{app}.{name}", **texts))
    return found


def first_form() -> Check:
    """Encrypted values of before they were bound to their column, in every such column."""
    from weiye.base.privacy.rotation.bulk import encrypted_models

    rows = []
    for model, columns in encrypted_models().items():
        meta = model._meta
        each = (f"substring(t.{c.column} FROM 1 FOR 1) = '\\x01'::bytea" for c in columns)
        rows.append(
            f"SELECT '{meta.db_table} ' || t.{meta.pk.column} AS key "  # noqa: S608
            f"FROM {meta.db_table} t WHERE {' OR '.join(each)}"
        )
    return Check(
        id="privacy.first_form",
        title="还有旧格式的加密数据",
        severity="warning",
        meaning="旧格式没有与所在的列绑定：能改数据库的人可以把密文挪到别的列，在那里读出来。",
        remedy="运行 ./weiye keys rotate（可以边用边做），之后旧格式不再读取。"
        "做过之后又出现的，是有人放进去的，按安全事件处理。",
        sql=" UNION ALL ".join(rows),
    )


def derived() -> list[Check]:
    """For every fenced table that names its unit: the path by which it is fenced is that unit's."""
    from weiye.base.regions.actions.gathering import naming

    found = []
    for label in naming().values():
        model = apps.get_model(label)
        meta = model._meta
        title = (
            str(meta.verbose_name) if meta.verbose_name_raw != meta.model_name else meta.db_table
        )
        found.append(
            Check(
                id=f"{meta.app_label}.{meta.model_name}_in_its_unit",
                title=f"记录与所属单位不一致（{title}）",
                severity="severe",
                meaning="记录的数据范围（unit_path）与所属单位的路径不同：应当看到它的人看不到，"
                "不应看到的人反而能看到。",
                remedy="多半是单位变更的同一时刻有人在保存，系统每小时自动归整一次；"
                "急用请点“归到所属单位”，再重新检查。",
                sql=f"SELECT r.{meta.pk.column} AS key FROM {meta.db_table} r "  # noqa: S608
                "JOIN regions_unit u ON u.id = r.unit_id WHERE r.unit_path <> u.path",
                mended=True,
            )
        )
    return found
