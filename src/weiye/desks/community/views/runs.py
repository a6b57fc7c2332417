"""Progress of long work, asked for once a second; cancel; download of what came out."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from weiye.base.files import actions as stored
from weiye.base.files.models import StoredFile
from weiye.base.runs import actions, queries
from weiye.base.runs.models import Run
from weiye.base.scope.access import signed_in

from ..desk import actor_of


@signed_in
@require_safe
def progress(request: HttpRequest, run_id: int) -> HttpResponse:
    try:
        run = queries.run(actor=actor_of(request), run_id=run_id)
    except Run.DoesNotExist:
        raise Http404 from None
    if request.headers.get("HX-Request") != "true":
        return render(request, "community/run.html", {"run": run})
    then = "?then=refresh" if request.GET.get("then") == "refresh" else ""
    response = render(request, "community/run_fragment.html", {"run": run, "then": then})
    if run.finished and then:
        # The page around the bar shows what came out.
        response["HX-Refresh"] = "true"
    return response


@signed_in
@require_POST
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    try:
        actions.cancel(actor=actor_of(request), run_id=run_id)
    except Run.DoesNotExist:
        raise Http404 from None
    return redirect("community:run", run_id)


@signed_in
@require_safe
def download(request: HttpRequest, file_id: UUID) -> HttpResponse:
    try:
        found = stored.hand_out(actor=actor_of(request), file_id=str(file_id))
    except StoredFile.DoesNotExist:
        raise Http404 from None
    response = HttpResponse(found.read(), content_type=found.content_type)
    disposition = content_disposition_header(as_attachment=True, filename=found.name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Cache-Control"] = "no-store"
    return response
