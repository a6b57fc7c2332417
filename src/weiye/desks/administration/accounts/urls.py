from django.urls import path

from .views import accounts, institutions, keeping, matrix

urlpatterns = [
    path("", accounts.accounts, name="accounts"),
    path("new/", accounts.new, name="account-new"),
    path("review/", accounts.review, name="accounts-review"),
    path("roles/", matrix.roles, name="roles"),
    path("institutions/", institutions.institutions, name="institutions"),
    path("institutions/new/", institutions.new, name="institution-new"),
    path("institutions/<int:institution_id>/", institutions.one, name="institution"),
    path(
        "institutions/<int:institution_id>/switch/",
        institutions.switch,
        name="institution-switch",
    ),
    path("memberships/<int:membership_id>/end/", keeping.end, name="membership-end"),
    path("<int:account_id>/", accounts.account, name="account"),
    path("<int:account_id>/grant/", keeping.grant, name="account-grant"),
    path("<int:account_id>/move/", keeping.move, name="account-move"),
    path("<int:account_id>/name/", keeping.rename, name="account-name"),
    path("<int:account_id>/password/", keeping.password, name="account-password"),
    path("<int:account_id>/second-factor/", keeping.second_factor, name="account-factor"),
    path("<int:account_id>/unlock/", keeping.unlock, name="account-unlock"),
    path("<int:account_id>/switch/", keeping.switch, name="account-switch"),
]
