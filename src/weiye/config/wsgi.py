"""The web process's entry."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

# After the applications are loaded: refuse to serve from a login that could pass the fence.
from weiye.base.scope.login import refuse_unfenced_login  # noqa: E402
from weiye.config.telemetry import tracing  # noqa: E402

refuse_unfenced_login()
tracing.start("weiye-web")
