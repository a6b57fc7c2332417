"""Addresses below /community/certification/ and a person's page; names as of the desk."""

from django.urls import path

from . import papers, views

urlpatterns = [
    path("certification/", views.cases, name="certifications"),
    path("certification/suggested/", views.suggested, name="certification-suggested"),
    path("certification/decide/", views.decide, name="certification-decide"),
    path("certification/<int:case_id>/", views.case, name="certification"),
    path("certification/<int:case_id>/papers/", papers.attach, name="certification-attach"),
    path(
        "certification/<int:case_id>/papers/<int:evidence_id>/remove/",
        papers.detach,
        name="certification-detach",
    ),
    path(
        "certification/<int:case_id>/sheets/<slug:sheet>/",
        papers.sheet,
        name="certification-sheet",
    ),
    path("certification/<int:case_id>/<slug:step>/", views.step, name="certification-step"),
    path("people/<int:person_id>/certification/", views.new, name="certification-new"),
]
