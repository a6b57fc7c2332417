"""Employers and institutions that accounts act for."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.accounts import actions
from weiye.base.accounts.models import Institution
from weiye.base.accounts.queries import institutions_of, members_of
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from ....components.lists import ListPage
from ..forms import InstitutionForm
from ..lists import institution_spec
from .shared import actor_of


def institution_list(actor: Actor, params: QueryDict) -> ListPage:
    return ListPage(institution_spec(), institutions_of(actor), params, actor)


@right("accounts.manage")
@require_safe
def institutions(request: HttpRequest) -> HttpResponse:
    page = institution_list(actor_of(request), request.GET)
    return render(request, "administration/accounts/institutions.html", {"list": page})


@right("accounts.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = InstitutionForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = actions.create_institution(
                actor=actor,
                kind=data["kind"],
                name=data["name"],
                unit=data["unit"],
                credit_code=data["credit_code"],
            )
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, f"已登记{made.name}，现在可以给它开账号。")
            return redirect("administration:institution", made.pk)
    status = 422 if form.errors else 200
    return render(
        request, "administration/accounts/institution_new.html", {"form": form}, status=status
    )


@right("accounts.manage")
@require_safe
def one(request: HttpRequest, institution_id: int) -> HttpResponse:
    """An institution, and who acts for it."""
    actor = actor_of(request)
    found = institutions_of(actor).filter(pk=institution_id).first()
    if found is None:
        raise Http404
    context = {
        "institution": found,
        "members": members_of(actor, found),
        "can_switch": found.kind in actions.registrable(actor),
    }
    return render(request, "administration/accounts/institution.html", context)


@right("accounts.manage")
@require_POST
def switch(request: HttpRequest, institution_id: int) -> HttpResponse:
    on = request.POST.get("on") == "1"
    try:
        found = actions.switch_institution(
            actor=actor_of(request), institution_id=institution_id, on=on
        )
    except Institution.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, f"{found.name}已{'启用' if on else '停用'}。")
    return redirect(reverse("administration:institution", args=[institution_id]))
