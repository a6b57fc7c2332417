from django.urls import path

from . import views

urlpatterns = [
    path("", views.entries, name="audit"),
    path("unusual/", views.unusual, name="audit-unusual"),
    path("chain/", views.chain, name="audit-chain"),
    path("chain/verify/", views.verify, name="audit-verify"),
]
