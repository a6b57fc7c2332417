"""What gunicorn is told (``-c python:weiye.config.webserver``).

The master loads nothing of the product, to be up soon; its workers do, and their words go through
the scrubber from then on (``gunicorn.error`` in `telemetry.logs.settings`).
"""

import os
from pathlib import Path
from typing import Any

from weiye.config.telemetry.sharing import share

wsgi_app = "weiye.config.wsgi:application"
worker_class = "gthread"
timeout = 60
graceful_timeout = 10
keepalive = 5
loglevel = "warning"
accesslog = None
# What proxies say, `middleware.Proxies` judges.
forwarded_allow_ips = "*" if os.environ.get("WEIYE_PROXIES", "0") != "0" else "127.0.0.1,::1"


def on_starting(server: Any) -> None:
    if home := os.environ.get("WEIYE_HOME"):
        share(Path(home))
