from django.urls import path

from . import integrity

urlpatterns = [
    path("integrity/", integrity.page, name="integrity"),
    path("integrity/begin/", integrity.begin, name="integrity-begin"),
]
