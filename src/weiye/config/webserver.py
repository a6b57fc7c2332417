"""What gunicorn is told (``-c python:weiye.config.webserver``)."""

import logging
import logging.config
import sys
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from weiye.config.settings import HOME, LOGGING, PROXIES
from weiye.config.telemetry import logs, metrics

wsgi_app = "weiye.config.wsgi:application"
worker_class = "gthread"
timeout = 60
graceful_timeout = 10
keepalive = 5
accesslog = None
# What proxies say, `middleware.Proxies` judges.
forwarded_allow_ips = "*" if PROXIES else "127.0.0.1,::1"
limit_request_line = 8190

SHARED = HOME / "metrics"


class Scrubbed(Logger):
    """Gunicorn's words take the way of all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        logging.config.dictConfig(LOGGING)
        self.error_log.setLevel(logging.WARNING)
        self.error_log.propagate = True


logger_class = Scrubbed


def on_starting(server: Any) -> None:
    sys.excepthook = logs.last_words
    metrics.forget(SHARED)
    metrics.share(SHARED)


def child_exit(server: Any, worker: Any) -> None:
    metrics.process_ended(worker.pid)
