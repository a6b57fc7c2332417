from django.urls import path

from . import views

urlpatterns = [
    path("", views.packs, name="packs"),
    path("replay/", views.replay, name="pack-replay"),
    path("versions/<int:version_id>/", views.version, name="pack-version"),
    path("versions/<int:version_id>/decide/", views.decide, name="pack-decide"),
]
