"""Rows per second and peak memory of a roster, beside django-import-export on the same file.

    (against a database that ./weiye has set up, its environment exported)
    python bench/imports.py [ROWS] [--peer ROWS] [--read ROWS …]

Makes an .xlsx of invented people, imports it into a community of the demonstration and rolls
everything back; `--read` only reads and parses files of these lengths, for the memory it takes.
Each part runs in a process of its own. The peer (requirements/bench.in; left out where it is not
installed) takes the same file into the same table: one `ModelResource` that finds people by ID
number, encrypts and indexes as we do, row by row (its default) and in batches. It writes persons
alone, neither statuses nor wishes nor the log, and checks no ID number.
"""

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import django
import xlsxwriter

HEAD = ["户号", "姓名", "身份证号", "联系电话", "现住址", "学历", "就业状态", "失业日期"]
HEAD += ["失业登记日期", "有无劳动能力", "已领养老金", "低保情况", "残疾等级", "期望工资"]


def roster(rows: int) -> bytes:
    out = io.BytesIO()
    write(rows, out)
    return out.getvalue()


def write(rows: int, out: Any) -> None:
    from weiye.base.privacy.identifiers import id_check_digit

    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("名册")
    sheet.write_row(0, 0, HEAD)
    born = date(1960, 1, 1)
    for n in range(rows):
        # Distinct for fifteen million rows.
        first = f"3799{n // 15000 % 90 + 10}{born + timedelta(days=n % 15000):%Y%m%d}"
        first += f"{n // 1_350_000 + 1:03d}"
        jobless = n % 5 == 0
        sheet.write_row(
            n + 1,
            0,
            [
                f"甲{n // 3:06d}",
                "赵钱孙李周吴郑王"[n % 8] + "建国爱民文武"[n % 6],
                first + id_check_digit(first),
                f"2000{n:07d}",
                f"{n % 40 + 1}号楼{n % 4 + 1}单元{n % 20 + 101}室",
                ["初中", "高中", "大专", "本科"][n % 4],
                "失业" if jobless else "就业",
                "2026年3月5日" if jobless else "",
                "2026-04-01" if n % 10 == 0 else "",
                "有",
                "否",
                "低保" if n % 50 == 0 else "无",
                "",
                str(2500 + n % 7 * 300) if jobless else "",
            ],
        )
    book.close()


def timed(name: str, rows: int, work: Callable[[], object]) -> object:
    started, before = time.perf_counter(), time.process_time()
    result = work()
    seconds, own = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{name:34} {rows:>9} rows {seconds:8.2f} s {rows / seconds:9.0f} rows/s"
        f"  own CPU {own:7.2f} s  peak {peak} MB",
        flush=True,
    )
    return result


def read(path: Path, rows: int) -> None:
    """Opened, read and parsed: nothing of it touches the database."""
    from weiye.services.exchange.sheets import RowParser, propose, read_table

    def work() -> int:
        with path.open("rb") as file:
            table = read_table(path.name, file, "roster")
            parser = RowParser(table, propose(table).mapping, date.today())  # noqa: DTZ011
            return sum(len(block.good()) for block in parser.blocks())

    assert timed("read and parse", rows, work) == rows


def ours(path: Path, rows: int) -> None:
    from django.db import transaction

    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence
    from weiye.services.demonstration.queries import sample_unit
    from weiye.services.exchange import actions

    unit = sample_unit()
    actor = system(unit.path, name="bench")
    with fence(actor), path.open("rb") as file:

        def upload() -> Any:
            return actions.upload(
                actor=actor, unit=unit, kind="roster", name=path.name, content=file
            )

        batch: Any = timed("upload", rows, upload)
        timed("check (dry run)", rows, lambda: actions.check_now(actor=actor, batch_id=batch.pk))
        done: Any = timed(
            "import", rows, lambda: actions.commit_now(actor=actor, batch_id=batch.pk)
        )
        assert done.counts["new"] == rows, done.counts
        timed("undo", rows, lambda: actions.undo_now(actor=actor, batch_id=batch.pk))
        transaction.set_rollback(True)


def peer(path: Path, rows: int, *, bulk: bool) -> None:
    """The same file by django-import-export."""
    import tablib
    from django.db import transaction
    from import_export import fields, resources

    from weiye.base.privacy.fields import blind_index
    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence
    from weiye.registers.people import actions
    from weiye.registers.people.models import Person
    from weiye.services.demonstration.queries import sample_unit
    from weiye.services.exchange.sheets import words

    unit = sample_unit()

    class People(resources.ModelResource):  # type: ignore[misc]
        name = fields.Field(attribute="name", column_name="姓名")
        id_index = fields.Field(attribute="id_index", column_name="id_index")
        phone = fields.Field(attribute="phone", column_name="联系电话")
        address = fields.Field(attribute="address", column_name="现住址")

        class Meta:
            model = Person
            import_id_fields = ("id_index",)
            fields = ("name", "id_index", "phone", "address")
            skip_unchanged = not bulk
            use_bulk = bulk
            batch_size = 1000

        def before_import(self, dataset: Any, **_more: Any) -> None:
            numbers = dataset["身份证号"]
            dataset.append_col([blind_index(str(number)) for number in numbers], header="id_index")

        def after_import(self, *_all: Any, **_more: Any) -> None:
            """By default it sets the table's sequence, which our role may not."""

        def before_save_instance(self, instance: Person, row: Any, **_more: Any) -> None:
            number = str(row["身份证号"])
            instance.unit, instance.unit_path = unit, unit.path
            instance.id_number = number
            instance.phone_index = blind_index(instance.phone or "")
            instance.name_key = actions.name_key(instance.name)
            instance.birth_date = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
            instance.sex = "男" if int(number[16]) % 2 else "女"
            instance.education = words.EDUCATION[row["学历"]]  # type: ignore[assignment]
            instance.labour_capacity = row["有无劳动能力"] == "有"
            instance.pension_drawn = row["已领养老金"] == "是"
            instance.minimum_living = row["低保情况"]
            instance.source, instance.as_of = "bench", date(2026, 6, 30)

    def work() -> Any:
        data = tablib.Dataset().load(path.read_bytes(), format="xlsx")
        return People().import_data(data, dry_run=False, raise_errors=True)

    with fence(system(unit.path, name="bench")):
        name = "django-import-export" + (", batches of 1000" if bulk else "")
        result = timed(name, rows, work)
        assert result.totals["new"] == rows  # type: ignore[attr-defined]
        transaction.set_rollback(True)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("rows", type=int, nargs="?", default=50_000)
    options.add_argument("--peer", type=int, default=2_000, metavar="ROWS")
    options.add_argument("--read", type=int, nargs="*", default=[], metavar="ROWS")
    options.add_argument("--part", nargs=3, default=None, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    django.setup()
    if chosen.part is not None:
        part, path, rows = chosen.part[0], Path(chosen.part[1]), int(chosen.part[2])
        if part in ("read", "ours"):
            (read if part == "read" else ours)(path, rows)
        else:
            peer(path, rows, bulk=part == "bulk")
        return
    parts = [("read", n) for n in (chosen.rows, *chosen.read)] + [("ours", chosen.rows)]
    try:
        import import_export as _  # noqa: F401

        parts += [("ours", chosen.peer), ("peer", chosen.peer), ("bulk", chosen.peer)]
    except ImportError:
        print("django-import-export is not installed: without the peer")
    with tempfile.TemporaryDirectory() as folder:
        for part, rows in parts:
            path = Path(folder) / f"{rows}.xlsx"
            if not path.exists():
                with path.open("wb") as out:
                    write(rows, out)
                print(f"{rows} rows x {len(HEAD)} columns, {path.stat().st_size / 1e6:.1f} MB")
            subprocess.run(
                [sys.executable, __file__, "--part", part, str(path), str(rows)], check=True
            )


if __name__ == "__main__":
    main()
