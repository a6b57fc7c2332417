from django.urls import include, path

app_name = "administration"
urlpatterns = [
    path("units/", include("weiye.desks.administration.units.urls")),
    path("accounts/", include("weiye.desks.administration.accounts.urls")),
    path("access/", include("weiye.desks.administration.access.urls")),
    path("audit/", include("weiye.desks.administration.audit.urls")),
    path("packs/", include("weiye.desks.administration.packs.urls")),
    path("upkeep/", include("weiye.desks.administration.upkeep.urls")),
]
