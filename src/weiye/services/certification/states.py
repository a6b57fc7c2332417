"""How a case moves: one table of from, to, who may, who may not any more, what must be said.

Nothing else sets a state. Every move leaves a `Step` and an entry in the log.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError

from weiye.base.accounts.models import Membership
from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .models import Case, CaseState, Step
from .terms import terms_of

_S = CaseState

# Unit levels by the depth of their paths.
STATION, STREET, COUNTY = 5, 4, 3
LEVEL_WORDS = {STATION: "社区", STREET: "街道（乡镇）", COUNTY: "县级机构"}
SYSTEM = "*"


@dataclass(frozen=True)
class Move:
    """``levels``: depths of the units that may (none: the system alone); ``own``: so may the person
    themself. ``apart``: whoever made one of these moves on the case may not make this one."""

    verb: str
    source: CaseState
    target: CaseState
    label: str
    right: str
    levels: frozenset[int] = frozenset()
    own: bool = False
    needs_note: bool = False
    apart: frozenset[str] = frozenset()


def _moves() -> Iterator[Move]:
    desk = frozenset({STATION, STREET})
    street, county = frozenset({STREET}), frozenset({COUNTY})
    apply, review, decide = (f"certification.{name}" for name in ("apply", "review", "decide"))
    filed = frozenset({"submit", "resubmit"})
    judged = filed | {"pass"}
    yield Move("submit", _S.DRAFT, _S.APPLIED, "提交申请", apply, desk, own=True)
    yield Move("resubmit", _S.CORRECTION, _S.APPLIED, "补正后再次提交", apply, desk, own=True)
    yield Move("accept", _S.APPLIED, _S.REVIEW, "受理", apply, desk)
    yield Move("pass", _S.REVIEW, _S.DECISION, "街道审核", review, street, False, True, filed)
    yield Move("publish", _S.DECISION, _S.NOTICE, "同意并公示", decide, county, apart=judged)
    yield Move("refuse", _S.DECISION, _S.REFUSED, "不予认定", decide, county, False, True, judged)
    # 补正: whoever has the case on the desk.
    for source, right, levels in (
        (_S.APPLIED, apply, desk),
        (_S.REVIEW, review, street),
        (_S.DECISION, decide, county),
    ):
        yield Move("correct", source, _S.CORRECTION, "要求补正", right, levels, needs_note=True)
    for source in (_S.DRAFT, _S.APPLIED, _S.REVIEW, _S.DECISION, _S.CORRECTION, _S.NOTICE):
        yield Move("withdraw", source, _S.WITHDRAWN, "撤回申请", apply, desk, own=True)
    # 公示
    yield Move("object", _S.NOTICE, _S.OBJECTED, "收到异议，公示暂停", SYSTEM, needs_note=True)
    yield Move("dismiss", _S.OBJECTED, _S.NOTICE, "异议不成立", decide, county, False, True)
    yield Move("uphold", _S.OBJECTED, _S.REFUSED, "异议成立", decide, county, False, True)
    yield Move("certify", _S.NOTICE, _S.CERTIFIED, "认定", decide, county, apart=judged)
    # 复核, by somebody other than those who decided.
    again = judged | {"refuse", "uphold"}
    yield Move("appeal", _S.REFUSED, _S.APPEAL, "申请复核", apply, desk, True, True)
    yield Move("overturn", _S.APPEAL, _S.NOTICE, "复核同意", decide, county, False, True, again)
    yield Move("maintain", _S.APPEAL, _S.REFUSED, "复核维持", decide, county, False, True, again)
    # 年检 and exit
    yield Move("check", _S.CERTIFIED, _S.CHECK_DUE, "列入年检", SYSTEM)
    yield Move("suspend", _S.CHECK_DUE, _S.SUSPENDED, "逾期未年检，暂停", SYSTEM, needs_note=True)
    for source in (_S.CHECK_DUE, _S.SUSPENDED):
        yield Move("confirm", source, _S.CERTIFIED, "年检合格", review, street)
    for source in (_S.CERTIFIED, _S.CHECK_DUE, _S.SUSPENDED):
        yield Move("exit", source, _S.ENDED, "退出", review, street, needs_note=True)
        yield Move("revoke", source, _S.ENDED, "取消认定", decide, county, needs_note=True)
        yield Move("renounce", source, _S.ENDED, "本人放弃", apply, desk, own=True)


MOVES: dict[tuple[str, CaseState], Move] = {(m.verb, m.source): m for m in _moves()}


def level_of(actor: Actor) -> int:
    """How deep the actor's unit lies: 3 county, 4 street, 5 community; 0 the whole tree."""
    return len([part for part in actor.path.split("/") if part])


def is_own(actor: Actor, case: Case) -> bool:
    return actor.subject == ("person", case.person_id)


def check(actor: Actor, case: Case, verb: str, note: str = "") -> Move:
    """The move, if it may be made now; else `NotAllowed` or ``ValidationError`` (a sentence)."""
    move = MOVES.get((verb, CaseState(case.state)))
    if move is None:
        asked = next((m for m in MOVES.values() if m.verb == verb), None)
        if asked is None:
            raise KeyError(verb)
        # Whoever could never do this learns nothing of the state.
        _right(actor, case, asked, any_level=True)
        raise ValidationError(
            f"这份申请现在是“{CaseState(case.state).label}”，不能办理“{asked.label}”。请刷新页面。"
        )
    _right(actor, case, move)
    if move.apart and actor.account_id is not None and _made(case, move.apart, actor.account_id):
        raise ValidationError("您办过这份申请前面的环节，这一步要由别人办理。")
    if move.needs_note and not note.strip():
        raise ValidationError({"note": "请写明意见和理由。"})
    return move


def _right(actor: Actor, case: Case, move: Move, *, any_level: bool = False) -> None:
    if actor.subject is not None:
        if not (move.own and is_own(actor, case)):
            raise NotAllowed(f"{actor.subject} may not {move.verb} case {case.pk}")
        actor.require("mine.read")
        return
    actor.require(move.right, case.unit_path)
    if actor.account_id is None:
        return  # the system
    if not any_level and level_of(actor) not in move.levels:
        who = "、".join(LEVEL_WORDS[level] for level in sorted(move.levels, reverse=True))
        raise ValidationError(f"“{move.label}”由{who}办理。")
    if _is_themself(actor, case):
        raise ValidationError("这是您本人的申请，请由别人办理。")


def _made(case: Case, verbs: Iterable[str], account_id: int) -> bool:
    made = Step.objects.filter(case=case, verb__in=list(verbs))
    return made.filter(account_id=account_id).exists()


def _is_themself(actor: Actor, case: Case) -> bool:
    """Whether the one who acts for a unit is the person of the case besides."""
    # Anywhere in the tree, and whether the resident's account is still in force or not.
    with fence(system()):
        own = Membership.objects.filter(subject_kind="person", subject_id=case.person_id)
        return actor.account_id in set(own.values_list("account_id", flat=True))


def open_to(actor: Actor, case: Case) -> list[Move]:
    """The moves that the actor may make now, in the table's order."""
    found = []
    for move in MOVES.values():
        if move.source != case.state or move.right == SYSTEM:
            continue
        try:
            check(actor, case, move.verb, "x")
        except (NotAllowed, ValidationError):
            continue
        found.append(move)
    return found


def move(*, actor: Actor, case: Case, verb: str, on: date, note: str = "") -> Step:
    """Make a move on a locked case and log it. The case is saved, ``reason`` and term included.

    Raises as `check`.
    """
    made = check(actor, case, verb, note)
    before, note = CaseState(case.state), note.strip()[:500]
    case.state = made.target
    term = terms_of(case.unit_path, on).term(made.target)
    case.due_on = term.ends_on if term else None
    case.due_to_confirm = bool(term and (term.to_confirm or term.provisional))
    case.reason = note
    case.save()
    step = Step.objects.create(
        case=case,
        unit_path=case.unit_path,
        verb=verb,
        source=before,
        target=made.target,
        on=on,
        account_id=actor.account_id,
        name=actor.name[:64],
        unit_name=actor.unit_name[:100],
        note=note,
    )
    record(
        actor=actor,
        verb=f"certification.{verb}",
        path=case.unit_path,
        thing=case,
        detail={"from": str(before), "to": str(made.target)},
    )
    return step
