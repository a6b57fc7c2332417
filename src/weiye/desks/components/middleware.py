"""A form that was sent needs no draft any more."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from weiye.base.drafts.actions import FORM, discard
from weiye.base.scope.fence import fence

FIELD = "draft"


class Drafts:
    """Discards the draft of a form whose view took it: a POST answered with a redirect.

    Whoever was sent to the sign-in page instead keeps it: nobody was signed in then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code in (302, 303):
            actor = getattr(request, "actor", None)
            form = request.POST.get(FIELD, "")
            if actor is not None and actor.account_id is not None and FORM.fullmatch(form):
                with fence(actor):
                    discard(actor=actor, form=form)
        return response
