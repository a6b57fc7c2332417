"""One person: who, why helped, what is owed, the four lists, what was done."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.privacy.fields import masked
from weiye.base.scope.access import right
from weiye.registers.people import actions, queries
from weiye.registers.people.merging.queries import became
from weiye.registers.people.models import Person
from weiye.services.assistance import queries as assistance

from ...components.params import typed
from ..desk import actor_of
from ..forms import ContactForm
from ..person import Asked, sections_of
from ..person.sections import OTHER_REASON, REVEAL_REASONS

# A whole value leaves the screen by itself.
SHOWN_SECONDS = 60


@right("people.read")
@require_safe
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    return page(request, person_id)


def page(
    request: HttpRequest, person_id: int, form: ContactForm | None = None, status: int = 200
) -> HttpResponse:
    """The person's page, with the contact form as it was sent when it has errors."""
    actor = actor_of(request)
    day = timezone.localdate()
    try:
        actions.open_person(actor=actor, person_id=person_id)
        found = assistance.person_page(actor, person_id=person_id, as_of=day)
    except Person.DoesNotExist:
        if (into := became(actor, person_id)) is not None:
            return redirect("community:person", into)
        raise Http404 from None
    asked = Asked(actor, found, day, request.GET, form)
    places = sections_of(asked)
    is_open = asked.open_file is not None
    context = {
        "found": found,
        "person": found.person,
        "is_open": is_open,
        "places": places,
        "jumps": [s for parts in places.values() for s, _ in parts if s.title],
        "reveal_reasons": REVEAL_REASONS,
        "day": day,
        "can": {
            "record": actor.can("contacts.record") and is_open,
            "edit_lists": actor.can("lists.edit") and is_open,
            "edit": actor.can("people.edit"),
            "manage": actor.can("files.manage"),
            "reveal": actor.can("people.reveal"),
            "transfer": actor.can("transfers.ask"),
            "visit": actor.can("visits.record"),
            "account": actor.can("residents.manage"),
        },
    }
    return render(request, "community/person.html", context, status=status)


@right("people.reveal")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, person_id: int, field: str) -> HttpResponse:
    """One value: masked again (GET), or whole, with the reason given and logged (POST)."""
    actor = actor_of(request)
    if field not in actions.REVEALABLE:
        raise Http404
    context = {
        "what": field,
        "label": actions.REVEALABLE[field],
        "url": request.path,
        "reasons": REVEAL_REASONS,
        "can_reveal": True,
    }
    try:
        if request.method == "POST":
            value = actions.reveal(
                actor=actor,
                person_id=person_id,
                field=field,
                reason=_reason(request.POST),
            )
            context["value"] = value or "未登记"
            name = "components/includes/revealed.html"
        else:
            context["value"] = masked(queries.person(actor, person_id), field)
            name = "components/includes/masked.html"
    except Person.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return HttpResponse("".join(error.messages), status=422)
    if request.headers.get("HX-Request") == "true":
        response = render(request, name, context)
    else:
        response = render(
            request,
            "community/revealed.html",
            {**context, "part": name, "person_id": person_id},
        )
        response["Refresh"] = (
            f"{SHOWN_SECONDS}; url={reverse('community:person', args=[person_id])}"
        )
    response["Cache-Control"] = "no-store"
    return response


def _reason(sent: QueryDict) -> str:
    """One of the list, with own words; "other" needs them."""
    reason, words = typed(sent, "reason", 40), typed(sent, "words", 150)
    if reason == OTHER_REASON and not words:
        raise ValidationError("选“其他”时请写明原因。")
    return f"{reason}：{words}" if words else reason


@right("people.read")
@require_safe
def paper(request: HttpRequest, person_id: int) -> HttpResponse:
    """The four lists of one person on A4, to be handed over at the door (AID-2)."""
    actor = actor_of(request)
    try:
        actions.print_person(actor=actor, person_id=person_id)
        sheet = assistance.print_sheet(actor, person_id=person_id, as_of=timezone.localdate())
    except Person.DoesNotExist:
        raise Http404 from None
    return render(request, "community/print.html", {"sheet": sheet, "person": sheet.person})
