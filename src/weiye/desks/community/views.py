from django.http import HttpRequest, HttpResponse

from weiye.base.scope.access import signed_in


@signed_in
def today(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
