"""Reading imports. Everything starts from ``visible_to(actor)``."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from weiye.base.files.models import StoredFile
from weiye.base.scope.actor import Actor

from . import preview as pages
from .intake import RIGHTS
from .models import ImportBatch, ImportState
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
class Preview:
    """What the import page shows.

    ``columns`` with samples and the chosen meaning; ``fields`` to choose from; after a check
    ``head`` and ``rows`` (cells with state and message), ``problems`` and ``remarks`` (sentences),
    ``more_problems``: how many rows are wrong beyond those listed.
    """

    batch: ImportBatch
    columns: tuple[pages.Column, ...]
    missing: tuple[str, ...]
    fields: tuple[FieldChoice, ...]
    answers: tuple[AnswerChoice, ...]
    head: tuple[str, ...]
    rows: tuple[pages.Row, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    more_rows: int


def batches(actor: Actor, kind: str = "") -> QuerySet[ImportBatch]:
    """Imports of the actor's area, newest first, their files and previews left where they are."""
    rows = ImportBatch.objects.visible_to(actor).select_related("unit", "run").defer("page")
    return rows.filter(kind=kind) if kind else rows


def batch(actor: Actor, batch_id: int) -> ImportBatch:
    """One import in the actor's area, else ``ImportBatch.DoesNotExist``; `NotAllowed` by kind."""
    return _allowed(actor, batches(actor).get(pk=batch_id))


def preview(actor: Actor, batch_id: int) -> Preview:
    """Columns, first rows, what is wrong. Raises ``ImportBatch.DoesNotExist``, `NotAllowed`."""
    rows = ImportBatch.objects.visible_to(actor).select_related("unit", "run")
    found = _allowed(actor, rows.get(pk=batch_id))
    kind = KINDS[found.kind]
    page = pages.load(found.page)
    needed = {field.name for field in kind.needed}
    return Preview(
        batch=found,
        columns=page.columns,
        missing=page.missing,
        fields=tuple(FieldChoice(f.name, f.label, f.name in needed) for f in kind.fields),
        answers=tuple(
            AnswerChoice(a.field, a.text, a.field in found.answered) for a in kind.answers
        ),
        head=page.head,
        rows=page.rows,
        problems=page.problems,
        remarks=page.remarks,
        more_rows=max(0, found.counts.get("rows", 0) - len(page.rows)),
    )


def rejects_file(actor: Actor, batch_id: int) -> StoredFile | None:
    """The sender's file with the error column; hand it out by ``files.actions.hand_out``."""
    rows = ImportBatch.objects.visible_to(actor).select_related("rejects")
    return _allowed(actor, rows.get(pk=batch_id)).rejects


def _allowed(actor: Actor, batch: ImportBatch) -> ImportBatch:
    """Who may not import a kind does not read what came in with it either."""
    actor.require(RIGHTS[batch.kind], batch.unit_path)
    return batch


def remembered(actor: Actor, *, kind: str, signature: str) -> dict[int, str] | None:
    """The mapping of the last import of a file with the same header, if there was one."""
    found = (
        ImportBatch.objects.visible_to(actor)
        .filter(kind=kind, signature=signature, state=ImportState.DONE)
        .order_by("-id")
        .values_list("mapping", flat=True)
        .first()
    )
    return None if found is None else {int(index): name for index, name in found.items()}
