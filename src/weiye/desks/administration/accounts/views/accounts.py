"""Accounts: the list, one of them, a new one, and who came, moved or left."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from weiye.base.accounts import queries
from weiye.base.accounts.actions import create_account, grant_membership, grantable, keepable
from weiye.base.accounts.passwords import temporary_password
from weiye.base.accounts.rules import rules
from weiye.base.runs.models import Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from ....components.lists import ListPage
from ..forms import AccountForm, MembershipForm, MoveForm, NameForm
from ..lists import account_spec, state_of
from .shared import account_or_404, actor_of


def account_list(actor: Actor, params: QueryDict) -> ListPage:
    now = timezone.now()
    return ListPage(
        account_spec(actor, now=now), queries.accounts_of(actor, now=now), params, actor
    )


@right("accounts.manage")
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "list": account_list(actor, request.GET),
        "runs": list(
            Run.objects.visible_to(actor)
            .filter(kind="accounts.export", unit_path=actor.path)
            .select_related("file")
            .order_by("-id")[:2]
        ),
    }
    return render(request, "administration/accounts/accounts.html", context)


@right("accounts.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make an account with its first membership; the temporary password is shown once."""
    actor = actor_of(request)
    form = AccountForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        password = temporary_password()
        try:
            with transaction.atomic():
                account = create_account(
                    actor=actor,
                    username=form.cleaned_data["username"],
                    name=form.cleaned_data["name"],
                    password=password,
                    unit=form.seat(),
                    must_change=True,
                )
                membership = grant_membership(actor=actor, account=account, **form.terms())
        except ValidationError as error:
            form.take(error)
        except ValueError as error:
            form.add_error("role", f"{error}。")
        else:
            context = {
                "account": account,
                "password": password,
                "memberships": [membership],
                "days": rules().temporary_age.days,
                "fresh": True,
            }
            return render(request, "administration/accounts/slip.html", context)
    status = 422 if form.errors else 200
    return render(request, "administration/accounts/new.html", {"form": form}, status=status)


@right("accounts.manage")
@require_safe
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    actor = actor_of(request)
    found = account_or_404(actor, account_id)
    now = timezone.now()
    own = found.pk == actor.account_id
    allowed = {role.key for role in grantable(actor)}
    words, tone = state_of(found, now)
    past = (
        found.memberships.visible_to(actor)
        .exclude(pk__in=[m.pk for m in found.serving])
        .select_related("unit")
        .order_by("-ends_at", "-pk")[:20]
    )
    context = {
        "account": found,
        "own": own,
        "state": words,
        "tone": tone,
        "locked": bool(found.locked),
        "can_keep": keepable(actor, found),
        "held": [(m, not own and m.role in allowed) for m in found.serving],
        "past": past,
        "grant": MembershipForm(actor),
        "move": MoveForm(actor),
        "rename": NameForm(initial={"name": found.name}),
        "events": queries.account_history(actor, found),
    }
    return render(request, "administration/accounts/account.html", context)


@right("accounts.manage")
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Who came, moved and left; whose access should be looked at."""
    rule = rules()
    context = {
        "found": queries.review(actor_of(request), now=timezone.now()),
        "new_words": f"{rule.new_days}天",
        "unused_words": f"{rule.unused_days}天",
        "ending_words": f"{rule.ending_days}天",
        "shown": queries.SHOWN,
    }
    return render(request, "administration/accounts/review.html", context)
