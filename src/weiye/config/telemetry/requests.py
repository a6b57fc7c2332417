"""Around every request: its id, one line in the log, figures, a span."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from . import logs, metrics, tracing

log = logging.getLogger("weiye.request")

HEADER = "X-Request-ID"
# Hexadecimal alone: whoever sends it must not be able to write into the log.
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATIC = "/static/"


class Observed:
    """Outermost: sees every request and whatever became of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(STATIC):
            return self.get_response(request)
        started = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        number = given if _ID.fullmatch(given) else uuid.uuid4().hex
        logs.unbind_all()
        logs.bind(request=number)
        method = request.method if request.method in METHODS else "OTHER"
        assert method is not None
        with tracing.span("request", **{"http.request.method": method}) as span:
            if trace := tracing.trace_id():
                logs.bind(trace=trace)
            response = self.get_response(request)
            route = route_of(request)
            if span is not None:
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", response.status_code)
        seconds = time.perf_counter() - started
        response.headers.setdefault(HEADER, number)
        metrics.request(route=route, method=method, status=response.status_code, seconds=seconds)
        actor = getattr(request, "actor", None)
        if actor is not None and actor.account_id is None:
            actor = None
        log.log(
            logging.ERROR if response.status_code >= 500 else logging.INFO,
            "request",
            extra={
                "weiye": {
                    "method": method,
                    "route": route,
                    "status": response.status_code,
                    "ms": round(seconds * 1000, 1),
                    "account": actor and actor.account_id,
                    "role": actor and actor.role,
                    "unit": actor and actor.path,
                }
            },
        )
        # What the thread says until its next request belongs to none.
        logs.unbind_all()
        return response


def route_of(request: HttpRequest) -> str:
    """The route's name, never the path: somebody may have typed anything into that."""
    match = request.resolver_match
    return (match.view_name or "unnamed") if match else "none"
