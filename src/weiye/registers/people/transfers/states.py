"""The moves of a transfer request: from, to, who may, what must be said."""

from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ValidationError

from weiye.base.scope.actor import Actor

from .models import TransferRequest, TransferState


class Party(StrEnum):
    """Where an actor stands towards a request."""

    BEGAN = "began"  # sees the side that began, not the other
    ANSWERS = "answers"  # sees the side that is asked, not the other
    ABOVE = "above"  # sees both
    CLOCK = "clock"  # the system, in time


@dataclass(frozen=True)
class Move:
    """``parties``: who may, by the state it starts from. ``right`` is asked for besides."""

    verb: str
    parties: dict[TransferState, frozenset[Party]]
    target: TransferState
    right: str
    needs_note: bool = False


_ASKED, _ESCALATED = TransferState.ASKED, TransferState.ESCALATED
_ANSWER = {
    _ASKED: frozenset({Party.ANSWERS}),
    # Whoever is above both decides only when the two could not agree in time.
    _ESCALATED: frozenset({Party.ANSWERS, Party.ABOVE}),
}
_TAKE_BACK = dict.fromkeys((_ASKED, _ESCALATED), frozenset({Party.BEGAN, Party.ABOVE}))
_IN_TIME = frozenset({Party.CLOCK})

MOVES = {
    move.verb: move
    for move in (
        Move("transfer.accept", _ANSWER, TransferState.ACCEPTED, "transfers.decide"),
        Move("transfer.refuse", _ANSWER, TransferState.REFUSED, "transfers.decide", True),
        Move("transfer.withdraw", _TAKE_BACK, TransferState.WITHDRAWN, "transfers.ask"),
        Move("transfer.escalate", {_ASKED: _IN_TIME}, _ESCALATED, "*"),
        Move(
            "transfer.expire",
            dict.fromkeys((_ASKED, _ESCALATED), _IN_TIME),
            TransferState.EXPIRED,
            "*",
        ),
        # The person went elsewhere in the meantime.
        Move(
            "transfer.overtake",
            dict.fromkeys((_ASKED, _ESCALATED), _IN_TIME),
            TransferState.REFUSED,
            "*",
        ),
    )
}


def party_of(actor: Actor, rows: list[TransferRequest]) -> Party | None:
    """Where the actor stands; None sees neither side. ``rows``: both sides."""
    if actor.account_id is None:
        return Party.CLOCK
    seen = {row.began for row in rows if actor.covers(row.unit_path)}
    if seen == {True, False}:
        return Party.ABOVE
    if seen == {True}:
        return Party.BEGAN
    return Party.ANSWERS if seen else None


def may(actor: Actor, rows: list[TransferRequest], verb: str) -> bool:
    """Whether the move stands open to the actor now."""
    move, one = MOVES[verb], rows[0]
    began = next(row for row in rows if row.began)
    return (
        actor.can(move.right)
        and party_of(actor, rows) in move.parties.get(TransferState(one.state), frozenset())
        and not (move.right == "transfers.decide" and began.asked_by == actor.account_id)
    )


def check(actor: Actor, rows: list[TransferRequest], verb: str, note: str) -> Move:
    """The move, if it may be made; else `NotAllowed` or ``ValidationError`` (a sentence)."""
    move, state = MOVES[verb], TransferState(rows[0].state)
    actor.require(move.right)
    if state not in move.parties:
        raise ValidationError(f"这份申请{state.label}，不能再办理。请刷新页面。")
    began = next(row for row in rows if row.began)
    party = party_of(actor, rows)
    if party not in move.parties[state]:
        if party == Party.ABOVE:
            raise ValidationError(
                f"还在等对方社区确认，{began.escalates_at:%Y年%m月%d日}起由您单位协调办理。"
            )
        raise ValidationError("这份申请要由对方办理。")
    if move.right == "transfers.decide" and began.asked_by == actor.account_id:
        raise ValidationError("这是您自己提出的申请，请由别人办理。")
    if move.needs_note and not note.strip():
        raise ValidationError({"note": "请写明原因。"})
    return move
