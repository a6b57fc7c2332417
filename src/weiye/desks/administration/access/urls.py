from django.urls import path

from . import views

urlpatterns = [
    path("", views.access, name="access"),
    path("transfers/", views.transfers, name="transfers"),
    path("emergencies/", views.emergencies, name="emergencies"),
    path("emergencies/<int:review_id>/", views.emergency, name="emergency"),
    path("covers/", views.covers, name="covers"),
    path("covers/<int:membership_id>/end/", views.end_cover, name="cover-end"),
]
