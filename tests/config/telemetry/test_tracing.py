"""Traces arrive at a collector, without any value; off, they are not even imported."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client, override_settings

from weiye.config.telemetry import tracing


class Collector(BaseHTTPRequestHandler):
    received: list[tuple[str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, bytes]]]:
    Collector.received = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    with override_settings(TRACES_TO=address):
        yield Collector.received
    tracing.stop()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.django_db
def test_a_request_arrives_as_spans_without_values(collector: list[tuple[str, bytes]]) -> None:
    from django.db import connection
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
    )

    tracing.start("weiye-web")
    tracing._watch(connection=connection)
    try:
        Client().get("/?where=张三丰379902199001011234")
    finally:
        connection.execute_wrappers.remove(tracing._statement)
        tracing.stop()
    assert {path for path, _ in collector} == {"/v1/traces"}
    spans = [
        span
        for _, body in collector
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    names = {span.name for span in spans}
    (root,) = [span for span in spans if not span.parent_span_id]
    assert root.name.startswith("GET ") and "fence" in names
    assert any(name.startswith("SELECT ") for name in names)
    assert len({span.trace_id for span in spans}) == 1
    whole = b"".join(body for _, body in collector)
    assert "张三丰".encode() not in whole and b"379902199001011234" not in whole


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ('SELECT "a"."b" FROM "people_person" WHERE x = 1', "SELECT people_person"),
        ("INSERT INTO audit_auditentry (a) VALUES ('张三')", "INSERT audit_auditentry"),
        ('UPDATE "runs_run" SET x = 1', "UPDATE"),
        ("SELECT set_config('weiye.lo', %s, true)", "fence"),
        ('SAVEPOINT "s1"', "SAVEPOINT"),
        ("", "SQL"),
        ("'; 379902199001011234", "SQL"),
    ],
)
def test_of_a_statement_only_its_class(sql: str, said: str) -> None:
    assert tracing.statement_class(sql) == said


def test_off_they_cost_nothing() -> None:
    """Not even their import; nor are the figures' and the traces' libraries loaded at start."""
    script = (
        "import sys, django; django.setup()\n"
        "from weiye.config.telemetry import tracing, metrics, requests\n"
        "tracing.start('x')\n"
        "with tracing.span('x') as span: assert span is None\n"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'prometheus_client'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
