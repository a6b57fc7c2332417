"""The web process's entry."""

import sys

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

# After the applications are loaded: refuse to serve from a login that could pass the fence, or
# with keys that are not those of the data.
from weiye.base.privacy.keyring import KeyTrouble  # noqa: E402
from weiye.base.privacy.known import refuse_wrong_keys  # noqa: E402
from weiye.base.scope.login import refuse_unfenced_login  # noqa: E402
from weiye.config.telemetry import logs, tracing  # noqa: E402

sys.excepthook = logs.last_words
refuse_unfenced_login()
try:
    refuse_wrong_keys()
except KeyTrouble as trouble:
    sys.stderr.write(f"weiye: {trouble}\n")
    sys.exit(3)  # gunicorn takes it as: do not try again
tracing.start("weiye-web")
