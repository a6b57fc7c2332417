"""Papers: uploaded, or seen by somebody at the desk."""

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError

from weiye.base.audit.actions import record
from weiye.base.files.actions import keep
from weiye.base.scope.actor import Actor, NotAllowed, system

from ..evidence import documents
from ..models import Case, CaseState, Evidence, EvidenceKind
from ..states import is_own
from ..terms import terms_of
from .office import locked

LIMIT_BYTES = 10 * 1024 * 1024
FILES_EACH = 6
RIGHT = "certification.read"

# What a file begins with → what it is called; anything else is refused whatever its name.
_KINDS = ((b"%PDF-", ".pdf"), (b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"))
_OWN = (CaseState.DRAFT, CaseState.CORRECTION)
_DESK = (*_OWN, CaseState.APPLIED, CaseState.REVIEW)


def attach(
    *, actor: Actor, case_id: int, document: str, name: str, content: bytes, on: date
) -> Evidence:
    """Keep a picture or PDF as evidence, encrypted. Raises ``ValidationError`` with a sentence."""
    with locked(actor, case_id) as case:
        _may(actor, case)
        title = _title(case, document, on)
        suffix = kind_of(content)
        if len(content) > LIMIT_BYTES:
            raise ValidationError(f"文件超过{LIMIT_BYTES // 2**20} MB。请拍得小一点，或分页上传。")
        if not content:
            raise ValidationError("这个文件是空的，请重新选择。")
        if suffix is None:
            raise ValidationError("只收照片（JPG、PNG）和PDF。请用手机直接拍照，或另存为PDF再传。")
        there = Evidence.objects.filter(case=case, document=document, kind=EvidenceKind.FILE)
        if there.count() >= FILES_EACH:
            raise ValidationError(f"每种材料最多{FILES_EACH}个文件，请先删去不用的。")
        stem = name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0][:100] or title
        stem = "".join(c for c in stem if c.isprintable())
        file = keep(
            actor=system(case.unit_path, name=actor.name),
            path=case.unit_path,
            # Its name says what it is, whatever it was called.
            name=f"{stem}{suffix}",
            content=content,
            right=RIGHT,
        )
        row = Evidence.objects.create(
            case=case,
            unit_path=case.unit_path,
            document=document,
            title=title,
            kind=EvidenceKind.FILE,
            file=file,
            added_by=actor.name[:64],
        )
        _log(actor, case, "certification.attach", row)
        return row


def saw_original(*, actor: Actor, case_id: int, document: str, on: date) -> Evidence:
    """A worker has compared the original; nothing need be kept."""
    with locked(actor, case_id) as case:
        if actor.subject is not None:
            raise NotAllowed("originals are seen at the desk")
        _may(actor, case)
        row, new = Evidence.objects.get_or_create(
            case=case,
            document=document,
            kind=EvidenceKind.SEEN,
            defaults={
                "unit_path": case.unit_path,
                "title": _title(case, document, on),
                "as_of": on,
                "source": actor.unit_name[:100],
                "added_by": actor.name[:64],
            },
        )
        if new:
            _log(actor, case, "certification.attach", row)
        return row


def detach(*, actor: Actor, case_id: int, evidence_id: int) -> None:
    """Take an uploaded file away, for good, or a note that an original was seen."""
    with locked(actor, case_id) as case:
        _may(actor, case)
        row = Evidence.objects.filter(case=case).exclude(kind=EvidenceKind.HELD).get(pk=evidence_id)
        if actor.subject is not None and row.kind != EvidenceKind.FILE:
            raise NotAllowed("what the desk has noted stays")
        _log(actor, case, "certification.detach", row)
        if row.file is not None:
            row.file.delete()
        row.delete()


def kind_of(content: bytes) -> str | None:
    """The suffix by what the content is: ``.pdf``, ``.jpg``, ``.png``; None for anything else."""
    return next((suffix for head, suffix in _KINDS if content.startswith(head)), None)


def _title(case: Case, document: str, on: date) -> str:
    known = {each.id: each for each in documents(case.category, terms_of(case.unit_path, on))}
    if document not in known:
        raise ValidationError("没有这一项材料，请刷新页面。")
    return known[document].text[:80]


def _may(actor: Actor, case: Case) -> None:
    if actor.subject is not None:
        if not is_own(actor, case):
            raise NotAllowed("another's case")
        states: Sequence[CaseState] = _OWN
    else:
        actor.require("certification.apply", case.unit_path)
        states = _DESK
    if case.state not in states:
        raise ValidationError("申请已经交上去了，现在不能改材料。")


def _log(actor: Actor, case: Case, verb: str, row: Evidence) -> None:
    record(
        actor=actor,
        verb=verb,
        path=case.unit_path,
        thing=case,
        detail={"document": row.document, "kind": row.kind},
    )
