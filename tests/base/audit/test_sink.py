"""The second place outside the database: nothing lost, nothing doubled, failures shown."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from weiye.base.audit import queries, sink
from weiye.base.audit.command import main
from weiye.base.audit.sealing import seal
from weiye.base.audit.sink import deliver
from weiye.base.audit.verifying import What, verify

from .conftest import Log

pytestmark = pytest.mark.requirement("ORG-2")


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    found = tmp_path / "audit.jsonl"
    settings.AUDIT_SINK = str(found)
    return found


def numbers(file: Path) -> list[int]:
    found = []
    for line in file.read_text().splitlines():
        try:
            found.append(json.loads(line)["batch"])
        except ValueError:
            found.append(-1)
    return found


def sealed(log: Log, *sizes: int) -> list[int]:
    ids = []
    for size in sizes:
        ids += log.write(size)
        seal()
    return ids


def test_every_batch_is_a_line_and_verifies(log: Log, file: Path) -> None:
    sealed(log, 2, 3)
    assert deliver() == 2
    sealed(log, 1)
    assert deliver() == 1
    assert deliver() == 0
    assert numbers(file) == [1, 2, 3]
    assert file.stat().st_mode & 0o777 == 0o600
    report = verify(sink=file)
    assert report.intact, report.findings
    assert report.notes == []
    chain = queries.chain()
    assert (chain.delivered, chain.sink_failing) == (3, "")
    # Hashes alone: nothing of what the entries say leaves the database.
    assert "测试" not in file.read_text()
    assert "person.read" not in file.read_text()


def test_a_kill_after_the_line_and_before_the_database_doubles_nothing(
    log: Log, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(log, 2)
    write = sink._File.write

    def killed(self: Any, batches: Any) -> None:
        write(self, batches)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sink._File, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver()
    sealed(log, 1)
    deliver()
    assert numbers(file) == [1, 2]


def test_a_line_broken_off_by_a_kill_is_followed_by_the_whole_one(log: Log, file: Path) -> None:
    sealed(log, 2, 2)
    deliver()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 40])
    # What the database believes to be delivered stays the truth where the file is shorter.
    log.owner("UPDATE audit_auditsink SET delivered = 1")
    deliver()
    assert numbers(file) == [1, -1, 2]
    report = verify(sink=file)
    assert report.intact, report.findings
    assert "第2行不完整" in report.notes[0]


def test_a_doubled_line_is_named_and_harmless(log: Log, file: Path) -> None:
    sealed(log, 2, 2)
    deliver()
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + first + second)
    report = verify(sink=file)
    assert report.intact
    assert report.notes == ["库外备份第2行重复了第1批"]


def test_the_end_cut_off_is_seen_by_the_sink_alone(log: Log, file: Path) -> None:
    ids = sealed(log, 2, 3)
    deliver()
    log.owner("DELETE FROM audit_auditbatch WHERE number = 2")
    log.owner("DELETE FROM audit_auditentry WHERE id >= %s", ids[3])
    assert verify().intact
    report = verify(sink=file)
    first = report.first
    assert first is not None
    assert (first.what, first.batch) == (What.SINK, 2)
    assert [f.entry for f in report.findings if f.what == What.MISSING] == ids[3:]


def test_a_chain_rewritten_whole_is_seen_by_the_sink_alone(log: Log, file: Path) -> None:
    ids = sealed(log, 3, 2)
    deliver()
    log.owner("UPDATE audit_auditentry SET actor_name = '别人' WHERE id = %s", ids[1])
    log.owner("TRUNCATE audit_auditbatch")
    seal()
    assert verify().intact
    report = verify(sink=file)
    first = report.first
    assert first is not None
    assert (first.what, first.batch) == (What.SINK, 1)
    altered = [f for f in report.findings if f.what == What.ALTERED]
    assert [(f.entry, f.said) for f in altered] == [(ids[1], "内容被改过：操作人")]


@pytest.mark.parametrize("harm", ["altered", "gap"])
def test_a_sink_that_was_tampered_with_is_named(log: Log, file: Path, harm: str) -> None:
    sealed(log, 1, 1, 1)
    deliver()
    lines = file.read_bytes().splitlines(keepends=True)
    if harm == "altered":
        lines[1] = lines[1].replace(b'"count":1', b'"count":2')
    else:
        del lines[1]
    file.write_bytes(b"".join(lines))
    first = verify(sink=file).first
    assert first is not None
    assert (first.what, first.batch) == (What.SINK, 2)


def test_a_sink_that_begins_later_or_lags_is_said(log: Log, file: Path) -> None:
    sealed(log, 1, 1)
    deliver()
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[1])
    sealed(log, 1)
    report = verify(sink=file)
    assert report.intact
    assert report.notes == [
        "最后1批还没有送到库外备份",
        "库外备份从第2批开始，更早的只按数据库核对",
    ]
    # A file that was moved away is begun anew where the old one ended.
    file.unlink()
    deliver()
    assert numbers(file) == [3]


def test_failure_is_kept_told_and_tried_again(
    log: Log, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "later"
    settings.AUDIT_SINK = str(folder / "audit.jsonl")
    log.write(2)
    assert main(["seal"]) == 1
    since = queries.chain().failing_since
    assert since is not None
    assert "No such file" in queries.chain().sink_failing
    assert main(["status"]) == 1
    assert "failing" in capsys.readouterr().out
    log.write(2)
    seal()
    deliver()
    assert queries.chain().failing_since == since, "since the first failure"
    folder.mkdir()
    assert deliver() == 2
    assert queries.chain().sink_failing == ""
    assert numbers(folder / "audit.jsonl") == [1, 2]


def test_a_database_put_back_behind_the_sink_is_told_until_a_new_file_is_begun(
    log: Log, file: Path
) -> None:
    ids = sealed(log, 1, 1)
    deliver()
    # As a restore leaves it: the last batch and what it sealed are gone, and so is its delivery.
    log.owner("DELETE FROM audit_auditbatch WHERE number = 2")
    log.owner("DELETE FROM audit_auditentry WHERE id = %s", ids[1])
    log.owner("UPDATE audit_auditsink SET delivered = 1")
    assert deliver() == 0
    assert "已到第2批，数据库只到第1批" in queries.chain().sink_failing
    assert queries.chain().failing_since is not None
    # When numbers have caught up they are of other batches: nothing is passed over in silence.
    sealed(log, 1, 1)
    assert deliver() == 0
    assert numbers(file) == [1, 2]
    assert "第2批与数据库里的不是同一批" in queries.chain().sink_failing
    file.rename(file.with_name("audit-before-restore.jsonl"))
    assert deliver() == 2
    assert numbers(file) == [2, 3]
    assert queries.chain().sink_failing == ""
    assert verify(sink=file).intact


def test_a_wrong_address_is_a_failure_too(log: Log, settings: Any) -> None:
    settings.AUDIT_SINK = "ftp://somewhere"
    sealed(log, 1)
    deliver()
    assert "neither a file" in queries.chain().sink_failing


def test_a_log_server_gets_every_batch_over_tcp(log: Log, settings: Any) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    settings.AUDIT_SINK = f"syslog://127.0.0.1:{server.getsockname()[1]}"
    got = b""

    def listen() -> None:
        nonlocal got
        connection, _ = server.accept()
        with connection:
            while part := connection.recv(65536):
                got += part

    thread = threading.Thread(target=listen)
    thread.start()
    sealed(log, 2, 1)
    assert deliver() == 2
    thread.join(5)
    server.close()
    messages = []
    while got:
        size, _, rest = got.partition(b" ")
        messages.append(rest[: int(size)].decode())
        got = rest[int(size) :]
    assert len(messages) == 2
    assert messages[0].startswith("<181>1 ")
    assert json.loads(messages[1][messages[1].index("{") :])["batch"] == 2
    assert deliver() == 0


def test_a_log_server_gets_every_batch_over_udp(log: Log, settings: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        settings.AUDIT_SINK = f"udp://127.0.0.1:{server.getsockname()[1]}"
        sealed(log, 1)
        deliver()
        message = server.recv(65536).decode()
    assert "weiye-audit" in message
    assert len(json.loads(message[message.index("{") :])["digest"]) == 64
