"""What holds for every request and response."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from weiye.base.files.uploads import upload_limit

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


# Nothing of the device but where it is, and that for our own pages alone (jobs near me).
FEATURES = ", ".join(
    (
        "geolocation=(self)",
        "camera=()",
        "microphone=()",
        "payment=()",
        "usb=()",
        "display-capture=()",
        "browsing-topics=()",
    )
)
YEAR = 365 * 24 * 3600


class Headers:
    """No inline script, no inline style, nothing from another host; nothing kept by shared PCs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        put = response.headers.setdefault
        put("Content-Security-Policy", POLICY)
        put("Permissions-Policy", FEATURES)
        put("Cross-Origin-Resource-Policy", "same-origin")
        if settings.HTTPS:
            put("Strict-Transport-Security", f"max-age={YEAR}")
        actor = getattr(request, "actor", None)
        if actor is not None and actor.account_id is not None:
            # Station PCs are shared: after signing out, Back shows nothing.
            put("Cache-Control", "private, no-store")
        return response


class Proxies:
    """Without a proxy of one's own (WEIYE_PROXIES) nobody may say what a proxy would."""

    HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.PROXIES:
            # X-Forwarded-For stays: it tells that somebody stands between (`health`).
            for name in self.HEADERS:
                request.META.pop(name, None)
        return self.get_response(request)


class UploadLimit:
    """A request that announces more than the limit is answered before its body is read.

    Before the CSRF check, which would have to read the body to find its token.
    """

    # A form carries a little beside the file.
    FORM_BYTES = 64 * 1024

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        limit = upload_limit(request.path)
        if announced.isdecimal() and int(announced) > limit + self.FORM_BYTES:
            return render(request, "413.html", {"limit": limit // 2**20}, status=413)
        return self.get_response(request)
