"""Opening a resident's own account, and the slip with which they sign in."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from weiye.base.scope.access import right
from weiye.registers.people import queries, residents
from weiye.registers.people.models import Person

from ..desk import actor_of


@right("residents.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, person_id: int) -> HttpResponse:
    """What an account is for, and whether there is one (GET); open it and show the slip (POST)."""
    actor = actor_of(request)
    try:
        person = queries.people(actor).select_related("unit").get(pk=person_id)
    except Person.DoesNotExist:
        raise Http404 from None
    complaint = ""
    if request.method == "POST":
        if request.POST.get("checked") != "1":
            complaint = "请先核对本人身份证，再勾选。"
        else:
            try:
                opened = residents.open_account(actor=actor, person_id=person_id)
            except ValidationError as error:
                complaint = "".join(error.messages)
            else:
                return _slip(request, person, opened)
    held = residents.membership_of(person_id)
    context = {"person": person, "held": held, "complaint": complaint}
    status = 422 if complaint else 200
    return render(request, "community/resident_account.html", context, status=status)


def _slip(request: HttpRequest, person: Person, opened: residents.Opened) -> HttpResponse:
    context = {
        "person": person,
        "opened": opened,
        "address": request.build_absolute_uri(reverse("components:signin")),
        "day": timezone.localdate(),
    }
    response = render(request, "community/resident_slip.html", context)
    # The password stands here once and nowhere else.
    response["Cache-Control"] = "no-store"
    return response
