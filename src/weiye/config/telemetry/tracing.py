"""Traces by OpenTelemetry: on when ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set, else not even imported.

Spans: the request (route, status), each statement (verb and table, never text or parameters), the
statement that sets the fence, a background job (its task). No span holds a value.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_tracer: "Tracer | None" = None
_provider: Any = None

_CLASS = re.compile(
    r"""(?isx) ^\s* (?P<verb> SELECT | INSERT | UPDATE | DELETE | WITH | COPY | SAVEPOINT
        | RELEASE | ROLLBACK | SET | LOCK | CALL )\b
        (?: .*? \b(?:FROM|INTO|UPDATE|JOIN|TABLE) \s+ "?(?P<table>[a-z_][\w.]*) )?"""
)


def start(service: str) -> None:
    """Begin to trace this process, if a collector is named. After forking: threads do not cross."""
    global _tracer, _provider
    if not settings.TRACES_TO or _tracer is not None:
        return
    from django.db.backends.signals import connection_created
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    import weiye

    _provider = TracerProvider(
        resource=Resource.create(
            {"service.name": service, "service.namespace": "weiye",
             "service.version": weiye.__version__}
        )
    )  # fmt: skip
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("weiye")
    connection_created.connect(_watch, dispatch_uid="weiye.tracing")


def stop() -> None:
    """Send what is waiting."""
    global _tracer, _provider
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


def span(name: str, **told: str | int) -> AbstractContextManager[Any]:
    """A span around a block; nothing at all while tracing is off."""
    return nullcontext() if _tracer is None else _span(name, told)


@contextmanager
def _span(name: str, told: dict[str, str | int]) -> Iterator[Any]:
    from opentelemetry.trace import Status, StatusCode

    assert _tracer is not None
    with _tracer.start_as_current_span(
        name, attributes=told, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            # Its type alone: the message may repeat what somebody typed.
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def trace_id() -> str:
    """The current trace in hex, empty while tracing is off."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import format_trace_id, get_current_span

    return format_trace_id(get_current_span().get_span_context().trace_id)


def statement_class(sql: object) -> str:
    """What kind of statement: ``SELECT people_person``, ``fence``; never more of its text.

    >>> statement_class('SELECT "a"."b" FROM "people_person" WHERE "a"."phone" = 1')
    'SELECT people_person'
    """
    text = sql if isinstance(sql, str) else str(sql)[:2000]
    if "'weiye.lo'" in text[:200]:
        return "fence"
    found = _CLASS.match(text[:4000])
    if found is None:
        return "SQL"
    verb, table = found["verb"].upper(), found["table"]
    return f"{verb} {table.lower()}" if table else verb


def _watch(*, connection: Any, **_: Any) -> None:
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if _tracer is None:
        return execute(sql, params, many, context)
    with span(statement_class(sql), **{"db.system.name": "postgresql"}):
        return execute(sql, params, many, context)
