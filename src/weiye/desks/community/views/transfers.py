"""Moving a person to another community: asked, sent, answered (ORG-2)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.scope.access import right
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person
from weiye.registers.people.transfers import actions, queries
from weiye.registers.people.transfers.models import TransferRequest
from weiye.services.exchange import actions as exchange
from weiye.services.exchange.models import ImportBatch

from ...components.params import typed
from ..desk import actor_of
from ..transfer_forms import AskForm, SendForm

RECENT = 50


@right("transfers.decide")
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    """What waits for this unit's word, what it waits for itself, what is decided."""
    actor = actor_of(request)
    context = {
        "waiting": list(queries.waiting(actor)[:RECENT]),
        "begun": list(queries.begun(actor)[:RECENT]),
        "settled": list(queries.settled(actor)[:RECENT]),
        "may_ask": actor.can("transfers.ask"),
        "may_claim": actor.can("emergency.claim"),
    }
    return render(request, "community/transfers.html", context)


@right("transfers.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for somebody by ID number; the number stands in no address."""
    actor = actor_of(request)
    form = AskForm(actor, request.POST or None)
    free = False
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            asked = actions.ask(
                actor=actor,
                to=form.to,
                id_number=data["id_number"],
                name=data["name"],
                reason=data["reason"],
                evidence=data["evidence"],
                address=data["address"],
                household=data["household"],
            )
        except ValidationError as error:
            form.take(error)
        else:
            if asked.outcome == "here" and actor.can("people.read"):
                messages.info(request, "这个人已在本社区的台账里，不用办理迁移。")
                return redirect("community:person", asked.person_id)
            if asked.request is not None:
                messages.success(request, "已提交迁入申请，等待原社区确认。")
                return redirect("community:transfer", asked.request.pk)
            free = asked.outcome == "nowhere"
    context = {"form": form, "free": free}
    status = 422 if form.errors else 200
    return render(request, "community/transfer_ask.html", context, status=status)


@right("transfers.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, person_id: int) -> HttpResponse:
    """Hand a person over to the community that they moved to."""
    actor = actor_of(request)
    try:
        person = people.people(actor).select_related("unit").get(pk=person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    form = SendForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.send(actor=actor, person_id=person_id, **form.cleaned_data)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已提交迁出登记，等待对方社区确认。确认前台账不变。")
            return redirect("community:transfer", row.pk)
    context = {"form": form, "person": person, "known": queries.open_for(actor, person_id)}
    status = 422 if form.errors else 200
    return render(request, "community/transfer_send.html", context, status=status)


@right("transfers.decide")
@require_safe
def transfer(request: HttpRequest, request_id: int) -> HttpResponse:
    return _page(request, request_id)


def _page(
    request: HttpRequest, request_id: int, error: ValidationError | None = None, note: str = ""
) -> HttpResponse:
    try:
        found = queries.transfer(actor_of(request), request_id)
    except TransferRequest.DoesNotExist:
        raise Http404 from None
    context = {
        "found": found,
        "row": found.row,
        "may": {verb.removeprefix("transfer.") for verb in found.verbs},
        "error": "".join(error.messages) if error else "",
        "note": note,
    }
    return render(request, "community/transfer.html", context, status=422 if error else 200)


@right("transfers.decide")
@require_POST
def decide(request: HttpRequest, request_id: int) -> HttpResponse:
    """Yes or no to a request."""
    actor, note = actor_of(request), typed(request.POST, "note", 300)
    accepts = request.POST.get("verdict") == "accept"
    try:
        if accepts:
            row = actions.accept(actor=actor, transfer_id=request_id, note=note)
        else:
            row = actions.refuse(actor=actor, transfer_id=request_id, note=note)
    except TransferRequest.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return _page(request, request_id, error, note)
    done = (
        f"已办理迁移，共{row.people}人，档案和记录一并转出。" if accepts else "已答复：不同意迁移。"
    )
    messages.success(request, done)
    return redirect("community:transfer", request_id)


@right("transfers.ask")
@require_POST
def withdraw(request: HttpRequest, request_id: int) -> HttpResponse:
    actor = actor_of(request)
    try:
        actions.withdraw(actor=actor, transfer_id=request_id, note=typed(request.POST, "note", 300))
    except TransferRequest.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return _page(request, request_id, error)
    messages.success(request, "已撤回，台账没有改动。")
    return redirect("community:transfers")


@right("transfers.ask")
@require_POST
def from_import(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Ask for everybody of a roster who is registered elsewhere, in the background."""
    try:
        exchange.ask_transfers(actor=actor_of(request), batch_id=batch_id)
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
    return redirect("community:import", batch_id)
