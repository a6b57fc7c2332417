from django.urls import path

from . import views
from .mine import views as mine

app_name = "resident"
urlpatterns = [
    path("", views.market, name="market"),
    path("places/", views.places, name="places"),
    path("jobs/<int:vacancy_id>/", views.vacancy, name="vacancy"),
    path("mine/", mine.mine, name="mine"),
    path("mine/seen/", mine.seen, name="mine-seen"),
    path("mine/held/", mine.held, name="mine-held"),
    path("mine/reveal/<slug:field>/", mine.reveal, name="mine-reveal"),
    path("mine/consents/", mine.agree, name="mine-agree"),
    path("mine/consents/<int:consent_id>/withdraw/", mine.withdraw, name="mine-withdraw"),
]
