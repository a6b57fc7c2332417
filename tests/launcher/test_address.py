"""Where the server listens, and what is said when it cannot."""

import argparse
import socket

import pytest

from weiye.launcher import address, run
from weiye.launcher.trouble import Trouble


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Trouble) as caught:
            address.listen("127.0.0.1", port)
    assert f"Port {port}" in str(caught.value)
    assert "--port" in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "300.1.1.1", "a" * 70 + ".example"])
def test_an_unknown_host_is_said_in_words(host: str) -> None:
    with pytest.raises(Trouble, match="--host"):
        address.listen(host, 0)


def test_an_address_of_another_machine_is_said_in_words() -> None:
    with pytest.raises(Trouble, match="not an address of this machine"):
        address.listen("192.0.2.1", 0)


def test_loopback_serves_loopback_names_alone() -> None:
    with address.listen("127.0.0.1", 0) as opened:
        assert address.is_loopback(opened)
        assert not address.is_any(opened)
        assert address.url(opened, "127.0.0.1") == f"http://127.0.0.1:{opened.getsockname()[1]}"
        assert address.names(opened, "127.0.0.1").split(",") == ["127.0.0.1", "localhost", "[::1]"]


def test_every_address_is_more_than_loopback() -> None:
    with address.listen("0.0.0.0", 0) as opened:
        assert not address.is_loopback(opened)
        assert address.url(opened, "0.0.0.0").startswith("http://127.0.0.1:")
        names = address.names(opened, "0.0.0.0").split(",")
        assert socket.gethostname() in names
        assert not {"0.0.0.0", "*"} & set(names)


@pytest.mark.parametrize(
    ("words", "external", "local", "expected"),
    [
        ([], False, True, True),
        ([], True, True, False),
        ([], False, False, False),
        (["--demo"], True, False, True),
        (["--no-demo"], False, True, False),
    ],
)
def test_demonstration_data_only_where_nobody_is_harmed(
    words: list[str], external: bool, local: bool, expected: bool
) -> None:
    options: argparse.Namespace = run.parser().parse_args(words)
    assert run.wants_demo(options, external=external, local=local) is expected


@pytest.mark.parametrize("text", ["-1", "65536", "http", "8000.5", ""])
def test_a_port_is_a_number(text: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run.parser().parse_args([f"--port={text}"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('noise\n{"a": 1}\n', {"a": 1}),
        ("", None),
        ("[1]\n", None),
        ('{"a": 1}\nnot the last line\n', None),
    ],
)
def test_only_an_object_on_the_last_line_is_a_report(
    output: str, expected: dict[str, int] | None
) -> None:
    assert run.last_object(output) == expected
