"""Is this process up, and does it reach the database?"""

from django.db import connection
from django.http import HttpRequest, JsonResponse

from weiye.base.scope.access import public


@public("load balancers and the launcher ask; answers yes or no")
def healthz(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})
