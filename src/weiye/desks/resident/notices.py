"""公示: what everybody may read of who is to be certified, and how to object (PPL-6)."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.scope.access import public
from weiye.services.certification import actions, queries
from weiye.services.certification.models import PublicNotice

from ..components.forms import ComponentForm, long_text
from ..components.params import typed

PER_PAGE = 50


class ObjectionForm(ComponentForm):
    token = forms.UUIDField(widget=forms.HiddenInput)
    text = long_text(
        "哪里不符合",
        rows=4,
        max_length=500,
        help_text="写清楚您知道的情况，例如：已经在某处上班。",
    )
    name = forms.CharField(label="您的姓名", max_length=64, required=False)
    phone = forms.CharField(
        label="您的电话",
        max_length=30,
        required=False,
        help_text="想知道核查结果的，请留下。只有认定机构能看到。",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = uuid.uuid4


@public("a public notice is there to be read by everybody; the table holds what it needs alone")
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Notices that run today; nothing of those that are over."""
    rows = queries.public_notices(as_of=timezone.localdate())
    if text := typed(request.GET, "where", 40):
        rows = rows.filter(Q(community__contains=text) | Q(county__contains=text))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return _unlisted(render(request, "resident/notices.html", {"page": page, "text": text}))


@public("whoever knows better may object without signing in; it is written by the office")
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """One notice, and the form of an objection."""
    day = timezone.localdate()
    form = ObjectionForm(request.POST or None)
    try:
        shown = queries.public_notice(notice_id, as_of=day)
        if request.method == "POST" and form.is_valid():
            actions.object_to(
                actor=request.actor,  # type: ignore[attr-defined]
                notice_id=notice_id,
                on=day,
                **form.cleaned_data,
            )
            messages.success(request, "收到了。公示先停下来，会有人核查。谢谢您。")
            return redirect("resident:notices")
    except PublicNotice.DoesNotExist:
        return _unlisted(render(request, "resident/notice_over.html", status=404))
    except ValidationError as error:
        form.take(error)
    context = {"notice": shown, "form": form}
    status = 422 if form.errors else 200
    return _unlisted(render(request, "resident/notice.html", context, status=status))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """No search engine keeps what is to be gone after the period."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = "no-store"
    return response
