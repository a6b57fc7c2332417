"""我的: own data, who has seen them, help, consents. Every page is logged as the own look it is."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.privacy import actions as privacy
from weiye.base.privacy.masking import mask_id_number, mask_phone
from weiye.base.privacy.models import Consent, Way
from weiye.base.privacy.queries import consents_of, purposes
from weiye.base.regions.models import Unit
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.registers.people import residents
from weiye.registers.people.actions import REVEALABLE
from weiye.registers.people.models import Person
from weiye.services.assistance import queries as assistance

from ...components.params import typed
from . import kept, readers

NEWEST = 4
# Where consents stand on the page.
AGREEING = "/mine/#m-yes"


def _actor(request: HttpRequest) -> Actor:
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found


def _mine(request: HttpRequest) -> Person:
    try:
        return residents.open_mine(actor=_actor(request))
    except Person.DoesNotExist:
        raise Http404 from None


@right("mine.read")
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    person = _mine(request)
    rows = list(readers.looks(actor)[:NEWEST])
    consents = list(consents_of(actor, "person", person.pk))
    given = {row.purpose for row in consents if row.withdrawn_at is None}
    context = {
        "person": person,
        "secrets": [
            (field, label, _masked(field, getattr(person, field) or ""))
            for field, label in REVEALABLE.items()
        ],
        "looks": readers.said(rows),
        "people": readers.people_count(actor),
        "help": assistance.own_help(actor, person_id=person.pk, as_of=timezone.localdate()),
        "consents": [row for row in consents if row.withdrawn_at is None],
        "withdrawn": [row for row in consents if row.withdrawn_at is not None],
        "asked": [
            each
            for each in purposes(person.unit_path).values()
            if each.needs_consent and each.id not in given
        ],
        "home": _home(person),
        "section": "mine",
    }
    return render(request, "resident/mine.html", context)


@right("mine.read")
@require_safe
def seen(request: HttpRequest) -> HttpResponse:
    """Who has looked at my data, all of it."""
    actor = _actor(request)
    _mine(request)
    page = Paginator(readers.looks(actor), readers.PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "looks": readers.said(list(page.object_list)),
        "automatic": readers.automatic(actor) if page.number == 1 else [],
        "people": readers.people_count(actor),
        "section": "seen",
    }
    return render(request, "resident/mine_seen.html", context)


@right("mine.read")
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """What is kept about me, and from where."""
    person = _mine(request)
    context = {
        "person": person,
        # Somebody may have said nothing of the work they want.
        "wish": getattr(person, "wish", None),
        "groups": kept.grouped(kept.facts(person)),
        "periods": kept.periods(_actor(request), person.pk),
        "section": "held",
    }
    return render(request, "resident/mine_held.html", context)


@right("mine.read")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, field: str) -> HttpResponse:
    """One of my own values: masked (GET), or whole and logged (POST)."""
    actor = _actor(request)
    if field not in REVEALABLE:
        raise Http404
    context: dict[str, Any] = {"field": field, "label": REVEALABLE[field]}
    try:
        if request.method == "POST":
            context["value"] = residents.reveal_mine(actor=actor, field=field) or "没有登记"
            context["whole"] = True
        else:
            key = residents.own_id(actor)
            person = Person.objects.visible_to(actor).only("id", field).get(pk=key)
            context["value"] = _masked(field, getattr(person, field) or "")
    except Person.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return HttpResponse("".join(error.messages), status=422)
    name = "mine_secret" if request.headers.get("HX-Request") == "true" else "mine_reveal"
    response = render(request, f"resident/{name}.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _home(person: Person) -> str:
    """The community, and the building where one is known."""
    path = "/".join(person.unit_path.split("/")[:5]) + "/"
    community = Unit.objects.filter(path=path).first()
    if community is None or community.pk == person.unit_id:
        return person.unit.name
    return f"{community.name}{person.unit.name}"


def _masked(field: str, value: str) -> str:
    if not value:
        return ""
    if field == "id_number":
        return mask_id_number(value)
    return mask_phone(value) if field == "phone" else value[:6] + "***"


@right("mine.read")
@require_POST
def agree(request: HttpRequest) -> HttpResponse:
    """Agree to one purpose, in the words that were shown."""
    actor = _actor(request)
    key = residents.own_id(actor)
    try:
        person = Person.objects.visible_to(actor).only("id", "unit_path").get(pk=key)
    except Person.DoesNotExist:
        raise Http404 from None
    purpose = typed(request.POST, "purpose", 40)
    shown = purposes(person.unit_path).get(purpose)
    if shown is not None and shown.version != typed(request.POST, "version", 20):
        messages.error(request, "这件事的说明刚刚改过。请再看一遍，愿意的话再点同意。")
        return redirect(AGREEING)
    try:
        row = privacy.give(
            actor=actor,
            subject=("person", key),
            path=person.unit_path,
            purpose=purpose,
            way=Way.SELF,
        )
    except ValidationError as error:
        messages.error(request, "".join(error.messages))
        return redirect(AGREEING)
    messages.success(request, f"记下了：您同意“{row.title}”。什么时候想撤回都可以。")
    return redirect(AGREEING)


@right("mine.read")
@require_POST
def withdraw(request: HttpRequest, consent_id: int) -> HttpResponse:
    """Take back a consent: as easy as giving it."""
    actor = _actor(request)
    residents.own_id(actor)
    try:
        privacy.withdraw(actor=actor, consent_id=consent_id)
    except Consent.DoesNotExist:
        raise Http404 from None
    messages.success(request, "已经撤回。我们不再为这件事用您的信息。")
    return redirect(AGREEING)
