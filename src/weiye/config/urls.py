"""All addresses. Every view declares its access (weiye.base.scope.access); a test walks them."""

from django.urls import include, path

from . import health

handler403 = "weiye.desks.components.views.forbidden"
handler404 = "weiye.desks.components.views.not_found"
handler500 = "weiye.desks.components.views.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("weiye.desks.components.urls")),
    path("community/", include("weiye.desks.community.urls")),
    path("administration/", include("weiye.desks.administration.urls")),
    path("", include("weiye.desks.resident.urls")),
]
