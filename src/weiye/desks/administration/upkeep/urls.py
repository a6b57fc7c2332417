from django.urls import path

from . import integrity, retention

urlpatterns = [
    path("integrity/", integrity.page, name="integrity"),
    path("integrity/begin/", integrity.begin, name="integrity-begin"),
    path("integrity/mend/", integrity.mend, name="integrity-mend"),
    path("retention/", retention.page, name="retention"),
    path("retention/begin/", retention.begin, name="retention-begin"),
    path("retention/<int:notice_id>/hold/", retention.hold, name="retention-hold"),
    path("retention/<int:notice_id>/release/", retention.release, name="retention-release"),
]
