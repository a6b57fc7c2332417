"""Who may do what: role × right × level, as `roles.yaml` says."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from weiye.base.accounts import roles as table
from weiye.base.regions.models import Level
from weiye.base.scope.access import signed_in


@signed_in
@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    known = table.roles()
    reserved = table.reserved_rights()
    lines = [
        (title, key in reserved, [key in role.rights for role in known.values()])
        for key, title in table.right_titles().items()
    ]
    names = dict(Level.choices)
    context = {
        "roles": [
            {
                "title": role.title,
                "levels": [str(names[level]) for level in role.levels],
                "grants": [known[key].title for key in role.grants],
                "capacities": role.capacities,
                "excludes": sorted(known[key].title for key in role.excludes),
                "subject": role.subject,
            }
            for role in known.values()
        ],
        "lines": lines,
        "manages": request.actor.can("accounts.manage"),  # type: ignore[attr-defined]
    }
    return render(request, "administration/accounts/roles.html", context)
