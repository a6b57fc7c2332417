"""A form that was sent needs no draft any more."""

from collections.abc import Callable

from django.contrib.messages import ERROR, get_messages
from django.http import HttpRequest, HttpResponse

from weiye.base.drafts.actions import FORM, discard
from weiye.base.scope.fence import fence

FIELD = "draft"


class Drafts:
    """Discards the draft of a form whose view took it: a POST answered with a redirect.

    Whoever was sent to the sign-in page instead keeps it, for nobody was signed in then, and so
    does whoever was sent back with an error: nothing was taken.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        taken = request.method == "POST" and response.status_code in (302, 303)
        if taken and not _refused(request):
            actor = getattr(request, "actor", None)
            form = request.POST.get(FIELD, "")
            if actor is not None and actor.account_id is not None and FORM.fullmatch(form):
                with fence(actor):
                    discard(actor=actor, form=form)
        return response


def _refused(request: HttpRequest) -> bool:
    """Whether the view told of an error; what earlier pages left unread does not count."""
    # Asked for by iterating, all would be marked as shown.
    told = getattr(get_messages(request), "_queued_messages", ())
    return any(message.level >= ERROR for message in told)
