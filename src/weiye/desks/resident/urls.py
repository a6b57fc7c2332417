from django.urls import path

from . import notices, views
from .mine import certification
from .mine import views as mine

app_name = "resident"
urlpatterns = [
    path("", views.market, name="market"),
    path("places/", views.places, name="places"),
    path("jobs/<int:vacancy_id>/", views.vacancy, name="vacancy"),
    path("notices/", notices.notices, name="notices"),
    path("notices/<uuid:notice_id>/", notices.notice, name="notice"),
    path("mine/", mine.mine, name="mine"),
    path("mine/seen/", mine.seen, name="mine-seen"),
    path("mine/held/", mine.held, name="mine-held"),
    path("mine/reveal/<slug:field>/", mine.reveal, name="mine-reveal"),
    path("mine/consents/", mine.agree, name="mine-agree"),
    path("mine/consents/<int:consent_id>/withdraw/", mine.withdraw, name="mine-withdraw"),
    path("mine/certification/", certification.certification, name="mine-certification"),
    path(
        "mine/certification/<int:case_id>/papers/",
        certification.attach,
        name="mine-certification-attach",
    ),
    path(
        "mine/certification/<int:case_id>/papers/<int:evidence_id>/remove/",
        certification.detach,
        name="mine-certification-detach",
    ),
    path(
        "mine/certification/<int:case_id>/sheets/<slug:sheet>/",
        certification.sheet,
        name="mine-certification-sheet",
    ),
    path(
        "mine/certification/<int:case_id>/<slug:step>/",
        certification.step,
        name="mine-certification-step",
    ),
]
