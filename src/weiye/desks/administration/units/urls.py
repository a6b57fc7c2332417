from django.urls import URLPattern, path

from .views import browsing, changing, importing

urlpatterns: list[URLPattern] = [
    path("", browsing.units, name="units"),
    path("pick/", browsing.pick, name="unit-pick"),
    path("import/", importing.upload, name="unit-import"),
    path("import/template/", importing.template, name="unit-import-template"),
    path("import/<uuid:file_id>/", importing.check, name="unit-import-check"),
    path("import/<uuid:file_id>/result/", importing.result, name="unit-import-result"),
    path("runs/<int:run_id>/", changing.run, name="unit-run"),
    path("<str:code>/", browsing.unit, name="unit"),
    path("<str:code>/<slug:verb>/", changing.change, name="unit-change"),
]
