"""Lists as Excel files: what is seen, made in the background."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import xlsxwriter
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from weiye.base.audit.actions import record, record_many
from weiye.base.files.actions import keep
from weiye.base.runs.actions import Reports, start
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor

from .page import ListPage

# Excel's own limit is 1 048 576 rows with the header.
MOST_ROWS = 200_000
_AT_ONCE = 5000


@dataclass(frozen=True)
class Export:
    """A list that may leave as a file.

    ``right`` is what it takes; ``kind`` names its runs; ``route`` the page it belongs to; ``build``
    is the dotted path of ``(actor, params) -> ListPage``, which raises Http404 for what the actor
    may not see.
    """

    name: str
    title: str
    right: str
    kind: str
    route: str
    build: str
    # What the log says of each row that left, if the rows are people: they may see who took theirs.
    each: str = ""

    def page(self, actor: Actor, params: QueryDict) -> ListPage:
        builder: Callable[[Actor, QueryDict], ListPage] = import_string(self.build)
        return builder(actor, params)


_EXPORTS: dict[str, Export] = {}


def offer(export: Export) -> None:
    """Make a list exportable; a desk calls it when its app is ready."""
    _EXPORTS[export.name] = export


def exported(name: str) -> Export | None:
    return _EXPORTS.get(name)


def start_export(*, actor: Actor, export: Export, params: QueryDict, picked: Sequence[int]) -> str:
    """Queue an export of the list as ``params`` show it, kept to the rows ``picked`` if any.

    Returns the address of the list's page. Raises NotAllowed or Http404.
    """
    from ..jobs import export as task

    actor.require(export.right)
    page = export.page(actor, params)
    if page.spec.search is not None:
        # The arguments of a run are stored in clear: no number that was searched for.
        params = page.spec.search.settled(params)
    start(
        actor=actor,
        kind=export.kind,
        title=f"导出{export.title}",
        right=export.right,
        path=actor.path,
        args={"list": export.name, "query": params.urlencode(), "picked": sorted(picked)},
        task=task,
    )
    query = params.urlencode()
    return reverse(export.route) + (f"?{query}" if query else "")


# A sheet for the hand; who needs more takes the file.
MOST_PRINTED = 500


def printed(*, actor: Actor, export: Export, page: ListPage, verb: str, each: str) -> list[Any]:
    """The rows of a list that is printed, logged as leaving like those of an export.

    ``verb`` is what the log says of the list, ``each`` of each row if the rows are people.
    Raises NotAllowed.
    """
    actor.require(export.right)
    rows = list(page.spec.dress(page.filtered)[:MOST_PRINTED])
    record(actor=actor, verb=verb, path=actor.path, detail={"rows": len(rows)})
    entries = [(row.unit_path, "person", str(row.pk), {"list": page.spec.name}) for row in rows]
    record_many(actor=actor, verb=each, entries=entries)
    return rows


def write(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    """The work of a run: read the list inside the actor's fence, write the file, attach it."""
    export = _EXPORTS[run.args["list"]]
    actor.require(export.right)
    page = export.page(actor, QueryDict(run.args["query"]))
    if run.args["picked"]:
        page.filtered = page.filtered.filter(pk__in=run.args["picked"])
    total = min(page.total, MOST_ROWS)
    content = _workbook(export.title, page, total, progress)
    name = f"{export.title}_{actor.unit_name}_{timezone.localdate():%Y%m%d}.xlsx"
    run.file = keep(actor=actor, path=run.unit_path, name=name, content=content, right=export.right)
    run.total = total
    record(actor=actor, verb=export.kind, path=run.unit_path, detail={"rows": total})
    if export.each:
        _record_each(actor, export.each, page)
    measure = page.spec.measure
    return {"message": f"共 {total:,} {measure}，和页面上看到的列一致。", "rows": total}


def _record_each(actor: Actor, verb: str, page: ListPage) -> None:
    rows = page.filtered.values_list("unit_path", "pk")[:MOST_ROWS]
    found = rows.iterator(_AT_ONCE)
    while part := list(islice(found, _AT_ONCE)):
        entries = [(path, "person", str(key), {"list": page.spec.name}) for path, key in part]
        record_many(actor=actor, verb=verb, entries=entries)


def _workbook(title: str, page: ListPage, total: int, progress: Reports) -> bytes:
    labels, rows = page.table()
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": True})
    bold = book.add_format({"bold": True, "bg_color": "#eaf1fc"})
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet(title[:31])
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
    return buffer.getvalue()
