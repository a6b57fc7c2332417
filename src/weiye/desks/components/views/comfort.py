"""What makes work comfortable and changes no fact: drafts, columns, theme, suggestions of units."""

import json

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from weiye.base.drafts import actions as drafts
from weiye.base.regions import queries as regions
from weiye.base.scope.access import public, signed_in
from weiye.base.scope.actor import Actor

from ..context import THEME_COOKIE, THEMES, remember
from ..lists.exports import exported, start_export
from ..lists.page import column_key
from ..params import next_page, typed, whole_number


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@signed_in
@require_POST
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is in a form: ``form`` its name, ``fields`` a JSON object of lists of texts."""
    try:
        fields = json.loads(request.POST.get("fields", ""))
        if not isinstance(fields, dict) or not all(
            isinstance(values, list) and all(isinstance(v, str) for v in values)
            for values in fields.values()
        ):
            raise ValueError
        draft = drafts.save(
            actor=_actor(request), form=typed(request.POST, "form", 90), fields=fields
        )
    except (ValueError, RecursionError):
        return JsonResponse({"message": "没有可以保存的内容。"}, status=400)
    except drafts.DraftRefused as refused:
        return JsonResponse({"message": str(refused)}, status=400)
    return JsonResponse({"saved": f"{timezone.localtime(draft.saved_at):%H:%M}"})


@signed_in
@require_safe
def back_to_draft(request: HttpRequest) -> HttpResponse:
    """Signed in again in a second window: the first still holds what was typed."""
    return render(request, "components/draft_back.html")


@signed_in
@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    drafts.discard(actor=_actor(request), form=typed(request.POST, "form", 90))
    return redirect(next_page(request, "/"))


@signed_in
@require_POST
def choose_columns(request: HttpRequest, name: str) -> HttpResponse:
    """Remember which columns of a list the account wants to see; none means the usual ones."""
    columns = [key[:40] for key in request.POST.getlist("col")][:60]
    if name in ("", None) or len(name) > 40:
        raise Http404
    drafts.prefer(actor=_actor(request), key=column_key(name), value=columns or None)
    return redirect(next_page(request, "/"))


@signed_in
@require_POST
def export(request: HttpRequest, name: str) -> HttpResponse:
    """Make an Excel file of a list as it is seen, or of the rows picked, in the background."""
    from django.contrib import messages

    found = exported(name)
    if found is None:
        raise Http404
    query = QueryDict(request.POST.get("query", "")[:4000])
    everything = request.POST.get("all") == "1"
    keys = [] if everything else request.POST.getlist("pick")
    picked = [key for text in keys if (key := whole_number(text)) is not None]
    url = start_export(actor=_actor(request), export=found, params=query, picked=picked)
    messages.info(request, "正在生成 Excel 文件，做好后在本页下载。")
    return redirect(url)


@public("a preference of the browser, no data")
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device is set."""
    response = redirect(next_page(request, "/"))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        remember(response, THEME_COOKIE, theme)
    else:
        response.delete_cookie(THEME_COOKIE)
    return response


@public("names of units are public")
@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """Suggestions for a unit field while it is typed: options of its list; with ``own`` of the
    area of whoever is signed in."""
    field = request.headers.get("HX-Trigger-Name", "q")
    text = typed(request.GET, field, 40)
    actor = getattr(request, "actor", None) if request.GET.get("own") == "1" else None
    # A name of a building stands in every grid: what it lies in tells them apart.
    found = regions.suggest(text, actor=actor, limit=12) if text else []
    return render(request, "components/forms/unit_options.html", {"units": found})
