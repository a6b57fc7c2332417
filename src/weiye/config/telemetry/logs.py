"""Logs: one JSON object a line, scrubbed, with the request that it belongs to.

Everything that any library says through ``logging`` takes the same way. An exception is told by
its type, its scrubbed message and where it came from; never by the values at hand.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from . import scrub

# Made by us, never from data; a request id could look like a long number.
_OURS = frozenset({"at", "level", "logger", "request", "trace", "version"})
FRAMES = 30

bind = structlog.contextvars.bind_contextvars
unbind_all = structlog.contextvars.clear_contextvars


def _told(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Turn the exception of a log call into type, message and places."""
    said: Any = event.pop("exc_info", None)
    if said is True:
        said = sys.exc_info()
    if isinstance(said, BaseException):
        said = (type(said), said, said.__traceback__)
    if isinstance(said, tuple) and len(said) == 3 and said[1] is not None:
        event["error"] = exception(said[1])
    event.pop("stack_info", None)
    return event


def exception(problem: BaseException) -> list[dict[str, Any]]:
    """The chain of an exception, the innermost cause last; source lines bear no values."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    at: BaseException | None = problem
    while at is not None and id(at) not in seen and len(chain) < 5:
        seen.add(id(at))
        frames = traceback.extract_tb(at.__traceback__)[-FRAMES:]
        chain.append(
            {
                "type": f"{type(at).__module__}.{type(at).__qualname__}".removeprefix("builtins."),
                "says": scrub.error(at),
                "at": [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames],
            }
        )
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return chain


def _short(path: str) -> str:
    for mark in ("/site-packages/", "/src/"):
        if mark in path:
            return path.rpartition(mark)[2]
    return path.rpartition("/lib/")[2] or path


def _fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Our own figures of a log call (``extra={"weiye": {…}}``), no other extras."""
    record = event.get("_record")
    event.update(getattr(record, "weiye", {}))
    return event


def _scrubbed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    error = event.pop("error", None)
    known = {key: event.pop(key) for key in _OURS & event.keys()}
    said: EventDict = {**known, **scrub.mapping(event)}
    if error is not None:
        said["error"] = error
    return said


def _plain(_: WrappedLogger, __: str, event: EventDict) -> str:
    """For a person at a terminal."""
    head = [str(event.pop(key, "")) for key in ("at", "level", "logger", "event")]
    problem = event.pop("error", None)
    lines = [" ".join([*head, *(f"{key}={value}" for key, value in event.items())])]
    for each in problem or ():
        lines += [f"  {each['type']}: {each['says']}", *(f"    {place}" for place in each["at"])]
    return "\n".join(lines)


def formatter(*, json: bool | None = None) -> logging.Formatter:
    """The one formatter. ``json`` None: JSON unless somebody looks on at a terminal."""
    if json is None:
        json = not sys.stderr.isatty()
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    last: list[Processor] = [
        _fields,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _told,
        _scrubbed,
        structlog.processors.JSONRenderer(ensure_ascii=False) if json else _plain,
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=first, processors=last)


class Quiet(logging.Filter):
    """Drops what the line of the request says already, with the path that was typed."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "django.request":
            return True
        return record.levelno >= logging.ERROR


class Event(logging.Filter):
    """What was asked for is in the words of Django and gunicorn; the route says enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.request"):
            record.msg, record.args = "request failed", ()
        elif record.name.startswith("django.security"):
            record.msg, record.args = f"refused: {record.name.rpartition('.')[2]}", ()
        elif record.name == "gunicorn.error" and str(record.msg).startswith("Invalid request"):
            record.msg, record.args = "invalid request", ()
        return True


def settings(*, json: bool | None = None, level: str = "INFO") -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "json": json}},
        "filters": {"quiet": {"()": Quiet}, "event": {"()": Event}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["quiet", "event"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "weiye": {"level": level},
            # Otherwise its own handlers, which know no scrubbing.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
            # Names the arguments of each job.
            "procrastinate": {"level": "ERROR"},
        },
    }


def last_words(
    kind: type[BaseException], problem: BaseException, trace: TracebackType | None
) -> None:
    """What ends a program goes into the log as well (`sys.excepthook`)."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("weiye").critical("stopped by an error", exc_info=(kind, problem, trace))
