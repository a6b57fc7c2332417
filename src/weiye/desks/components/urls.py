from django.urls import path

from .views import account, comfort, signing, styleguide

app_name = "components"
urlpatterns = [
    path("signin/", signing.signin, name="signin"),
    path("signout/", signing.signout, name="signout"),
    path("signin/code/", signing.signin_code, name="signin-code"),
    path("signin/password/", signing.signin_password, name="signin-password"),
    path("signin/second-factor/", signing.signin_enrol, name="signin-enrol"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/second-factor/", account.enrol, name="enrol"),
    path("account/second-factor/change/", account.factor, name="factor"),
    path("account/sessions/end/", account.end, name="session-end"),
    path("account/switch/", signing.switch, name="switch"),
    path("account/type/", signing.set_type, name="type"),
    path("account/theme/", comfort.set_theme, name="theme"),
    path("drafts/", comfort.save_draft, name="draft"),
    path("drafts/back/", comfort.back_to_draft, name="draft-back"),
    path("drafts/discard/", comfort.discard_draft, name="draft-discard"),
    path("lists/<slug:name>/columns/", comfort.choose_columns, name="columns"),
    path("lists/<slug:name>/export/", comfort.export, name="export"),
    path("units/suggest/", comfort.units, name="units"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
