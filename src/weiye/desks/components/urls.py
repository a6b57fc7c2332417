from django.urls import path

from .views import signing, styleguide

app_name = "components"
urlpatterns = [
    path("signin/", signing.signin, name="signin"),
    path("signout/", signing.signout, name="signout"),
    path("account/switch/", signing.switch, name="switch"),
    path("account/type/", signing.set_type, name="type"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
