"""Reading imports. Everything starts from ``visible_to(actor)``."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from weiye.base.files.models import StoredFile
from weiye.base.packs import Sender
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from . import preview as pages
from .blocks import packing
from .blocks.packing import Found
from .blocks.reading import mapping_of
from .intake import RIGHTS
from .models import BlockState, ColumnMemory, ImportBatch, ImportBlock, ImportKind
from .senders import name_of, senders
from .sheets import KINDS


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """What a column may mean; ``needed``: some column must."""

    name: str
    label: str
    needed: bool


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    """A sentence that may be said once for every row that leaves it open."""

    field: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Rows of a checked batch, a page of them. ``total``: of this kind in all."""

    head: tuple[str, ...]
    rows: tuple[pages.Row, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What the import page shows.

    ``columns`` with samples and the chosen meaning; ``fields`` to choose from; after a check a page
    of ``rows`` (cells with state and message), ``problems`` and ``remarks`` (sentences).
    """

    batch: ImportBatch
    columns: tuple[pages.Column, ...]
    missing: tuple[str, ...]
    fields: tuple[FieldChoice, ...]
    answers: tuple[AnswerChoice, ...]
    sheets: tuple[pages.SheetChoice, ...]
    senders: tuple[Sender, ...]
    page: RowsPage
    problems: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def head(self) -> tuple[str, ...]:
        return self.page.head

    @property
    def rows(self) -> tuple[pages.Row, ...]:
        return self.page.rows


def batches(actor: Actor, kind: str = "") -> QuerySet[ImportBatch]:
    """Imports of the actor's area, newest first, their files and previews left where they are."""
    rows = ImportBatch.objects.visible_to(actor).select_related("unit", "run").defer("page")
    return rows.filter(kind=kind) if kind else rows


def batch(actor: Actor, batch_id: int) -> ImportBatch:
    """One import in the actor's area, else ``ImportBatch.DoesNotExist``; `NotAllowed` by kind."""
    return _allowed(actor, batches(actor).get(pk=batch_id))


def preview(actor: Actor, batch_id: int, *, only: str = "", number: int = 1) -> Preview:
    """Columns, a page of the rows, what is wrong; raises as `batch`."""
    rows = ImportBatch.objects.visible_to(actor).select_related("unit", "run")
    found = _allowed(actor, rows.get(pk=batch_id))
    kind = KINDS[found.kind]
    page = pages.load(found.page or _EMPTY)
    needed = {field.name for field in kind.needed}
    return Preview(
        batch=found,
        columns=page.columns,
        missing=page.missing,
        fields=tuple(FieldChoice(f.name, f.label, f.name in needed) for f in kind.fields),
        answers=tuple(
            AnswerChoice(a.field, a.text, a.field in found.answered) for a in kind.answers
        ),
        sheets=page.sheets,
        senders=senders(found.unit_path) if found.kind == ImportKind.ROSTER else (),
        page=rows_page(actor, found, only=only, number=number),
        problems=page.problems,
        remarks=page.remarks,
    )


def rejects_file(actor: Actor, batch_id: int) -> StoredFile | None:
    """The sender's file with the error column; hand it out by ``files.actions.hand_out``."""
    rows = ImportBatch.objects.visible_to(actor).select_related("rejects")
    return _allowed(actor, rows.get(pk=batch_id)).rejects


def _allowed(actor: Actor, batch: ImportBatch) -> ImportBatch:
    """Who may not import a kind does not read what came in with it either."""
    actor.require(RIGHTS[batch.kind], batch.unit_path)
    return batch


def done_rows(actor: Actor, batch_id: int) -> int:
    """Rows of the blocks that are in the register."""
    rows = ImportBlock.objects.visible_to(actor).filter(batch_id=batch_id, state=BlockState.DONE)
    return sum(counts["rows"] for counts in rows.values_list("counts", flat=True))


PAGE_ROWS = 50


def rows_page(actor: Actor, batch: ImportBatch, *, only: str = "", number: int = 1) -> RowsPage:
    """Page ``number`` (from 1) of the rows, all or with one outcome: a block or two is read."""
    mapping = mapping_of(batch)
    titles = {column.index: column.title for column in pages.load(batch.page or _EMPTY).columns}
    head = tuple(titles.get(index, "") for index in mapping)
    name = {"error": "errors", "transfer": "transfers"}.get(only, only or "rows")
    blocks = ImportBlock.objects.visible_to(actor).filter(batch=batch).exclude(found=None)
    sizes = [
        (pk, counts.get(name, 0))
        for pk, counts in blocks.order_by("number").values_list("pk", "counts")
    ]
    total = sum(size for _pk, size in sizes)
    last = max(1, -(-total // PAGE_ROWS))
    number = min(max(1, number), last)
    skip, wanted = (number - 1) * PAGE_ROWS, PAGE_ROWS
    several = len(batch.sheets) > 1
    rows: list[pages.Row] = []
    for pk, size in sizes:
        if wanted <= 0:
            break
        if skip >= size:
            skip -= size
            continue
        stored = blocks.defer("journal").get(pk=pk)
        found = Found.opened(stored)
        lines, raw = packing.rows_of(stored)
        places = [at for at, each in enumerate(found.outcomes) if not only or each == only]
        for at in places[skip : skip + wanted]:
            sheet = stored.sheet if several else ""
            rows.append(pages.row_of(mapping, lines[at], raw[at], found, at, sheet))
        wanted -= len(places[skip : skip + wanted])
        skip = 0
    return RowsPage(head, tuple(rows), total, number, last)


_EMPTY = pages.Page((), ()).dump()


def kept_after_undo(actor: Actor, batch: ImportBatch, most: int = 200) -> list[tuple[str, str]]:
    """Who stays although the import is undone, or would: name and why."""
    blocks = ImportBlock.objects.visible_to(actor).filter(batch=batch).order_by("number")
    told: list[tuple[int, str]] = []
    for counts in blocks.values_list("undo_counts", flat=True):
        told += [(pk, why) for pk, why in counts.get("list", ())]
        if len(told) >= most:
            break
    names = dict(
        Person.objects.visible_to(actor)
        .filter(pk__in=[pk for pk, _ in told])
        .values_list("pk", "name")
    )
    return [(names[pk], why) for pk, why in told[:most] if pk in names]


@dataclass(frozen=True, slots=True)
class SenderColumns:
    """What is remembered of one sender's columns."""

    sender: str
    name: str
    columns: tuple[ColumnMemory, ...]


def remembered_columns(actor: Actor, kind: str) -> list[SenderColumns]:
    """By sender, of the actor's own unit."""
    actor.require(RIGHTS[kind], actor.path)
    rows = ColumnMemory.objects.visible_to(actor).filter(unit_path=actor.path, kind=kind)
    found: dict[str, list[ColumnMemory]] = {}
    for row in rows.order_by("sender", "title"):
        found.setdefault(row.sender, []).append(row)
    return [
        SenderColumns(
            sender, name_of(actor.path, sender) if sender else "没有写来源部门", tuple(rows)
        )
        for sender, rows in found.items()
    ]
