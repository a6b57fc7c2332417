"""Exports: what a list shows, as an Excel file, made in the background."""

import io
from datetime import date
from typing import Any

import xlsxwriter
from django.http import QueryDict
from django.utils import timezone
from procrastinate.contrib.django import app

from weiye.base.audit.actions import record
from weiye.base.files.actions import keep
from weiye.base.runs.actions import RETRY, Reports, start, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor
from weiye.registers.people.queries import concealed

from ..components.params import typed

KIND = "people.export"
# Excel's own limit is 1 048 576 rows with the header.
MOST_ROWS = 200_000


def start_export(*, actor: Actor, query: str, picked: list[int]) -> Run:
    """Queue an export of the ledger as ``query`` shows it; ``picked`` keeps to those people."""
    actor.require("people.export")
    kept = QueryDict(query, mutable=True)
    if "q" in kept:
        # The arguments of a run are stored in clear.
        kept["q"] = concealed(typed(kept, "q"))
    return start(
        actor=actor,
        kind=KIND,
        title="导出台账",
        right=KIND,
        path=actor.path,
        args={"query": kept.urlencode(), "picked": sorted(picked)},
        task=export,
    )


@app.task(name=KIND, queue="default", retry=RETRY)
def export(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_export)


def _export(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    from .views.ledger import ledger_page

    actor.require("people.export")
    page, _ = ledger_page(actor, QueryDict(run.args["query"]))
    if run.args["picked"]:
        page.filtered = page.filtered.filter(pk__in=run.args["picked"])
    total = min(page.total, MOST_ROWS)
    labels, rows = page.table()
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": True})
    bold = book.add_format({"bold": True, "bg_color": "#eaf1fc"})
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("台账")
    sheet.freeze_panes(1, 1)
    for column, label in enumerate(labels):
        sheet.write_string(0, column, label, bold)
        sheet.set_column(column, column, 16)
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            break
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, dated)
            elif isinstance(value, int):
                sheet.write_number(number, column, value)
            elif value is not None:
                # As text: a name that begins with "=" is no formula.
                sheet.write_string(number, column, str(value))
        if number % 500 == 0:
            progress.report(number, total, "正在写入表格")
    book.close()
    name = f"台账_{actor.unit_name}_{timezone.localdate():%Y%m%d}.xlsx"
    run.file = keep(
        actor=actor, path=run.unit_path, name=name, content=buffer.getvalue(), right=KIND
    )
    run.total = total
    record(actor=actor, verb=KIND, path=run.unit_path, detail={"rows": total})
    return {"message": f"共 {total:,} 人，和页面上看到的列一致。", "rows": total}
