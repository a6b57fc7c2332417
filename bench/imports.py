"""Rows per second of a roster: reading alone, the check, and the import into the ledger.

    (against a database that ./weiye has set up, its environment exported)
    python bench/imports.py [ROWS]

Makes an .xlsx of invented people, imports it into a community of the demonstration and rolls
everything back.
"""

import io
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta

import django
import xlsxwriter

HEAD = ["户号", "姓名", "身份证号", "联系电话", "现住址", "学历", "就业状态", "失业日期"]
HEAD += ["失业登记日期", "有无劳动能力", "已领养老金", "低保情况", "残疾等级", "期望工资"]


def roster(rows: int) -> bytes:
    from weiye.base.privacy.identifiers import id_check_digit

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": True})
    sheet = book.add_worksheet("名册")
    sheet.write_row(0, 0, HEAD)
    born = date(1960, 1, 1)
    for n in range(rows):
        first = f"3799{n % 90 + 10}{born + timedelta(days=n % 15000):%Y%m%d}{n // 90 % 999 + 1:03d}"
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
    return out.getvalue()


def timed(name: str, rows: int, work: Callable[[], object]) -> object:
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:22} {seconds:7.2f} s  {rows / seconds:9.0f} rows/s  peak {peak} MB")
    return result


def main() -> None:
    django.setup()
    from django.db import transaction

    from weiye.base.scope.actor import system
    from weiye.base.scope.fence import fence
    from weiye.services.demonstration.queries import sample_unit
    from weiye.services.exchange import actions
    from weiye.services.exchange.sheets import RowParser, propose, read_table

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    content = roster(rows)
    print(f"{rows} rows x {len(HEAD)} columns, {len(content) / 1e6:.1f} MB of .xlsx")

    def read() -> int:
        table = read_table("名册.xlsx", content, "roster")
        parser = RowParser(table, propose(table).mapping, date.today())  # noqa: DTZ011
        return sum(len(block.good()) for block in parser.blocks())

    assert timed("read and parse", rows, read) == rows
    unit = sample_unit()
    actor = system(unit.path, name="bench")
    with fence(actor):
        batch = actions.upload(
            actor=actor, unit=unit, kind="roster", name="名册.xlsx", content=content
        )
        timed("check (dry run)", rows, lambda: actions.check_now(actor=actor, batch_id=batch.pk))
        done = timed("import", rows, lambda: actions.commit_now(actor=actor, batch_id=batch.pk))
        assert done.counts["new"] == rows, done.counts  # type: ignore[attr-defined]
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
