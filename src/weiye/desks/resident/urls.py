from django.urls import path

from . import views

app_name = "resident"
urlpatterns = [
    path("", views.market, name="market"),
    path("places/", views.places, name="places"),
    path("jobs/<int:vacancy_id>/", views.vacancy, name="vacancy"),
]
