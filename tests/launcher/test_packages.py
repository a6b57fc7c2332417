"""Python and front-end packages: failures in words, files copied whole or not at all."""

import json
from pathlib import Path

import pytest

from weiye.launcher import environment, frontend, stamps
from weiye.launcher.trouble import Trouble

LOG = Path("/state/log/pip.log")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "disk became full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "hash differs"),
        ("NewConnectionError('… Connection refused')\nNo matching distribution", "does not answer"),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')", "certificate"),
        (
            "(from versions: none)\nNo matching distribution found for six==1.0",
            "has no six 1.0, or",
        ),
        ("ERROR: No matching distribution found for polars==2.1.0", "package polars 2.1.0"),
        ("ERROR: something else", "could not be installed"),
    ],
)
def test_pip_failures_become_a_sentence(output: str, words: str) -> None:
    said = environment.explain_pip(output, LOG)
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("npm error code ENOSPC", "disk became full"),
        ("npm error code EINTEGRITY", "hash differs"),
        ("npm error code ECONNREFUSED", "does not answer"),
        ("npm error code EACCES", "No right"),
        ("npm error other", "could not be installed"),
    ],
)
def test_npm_failures_become_a_sentence(output: str, words: str) -> None:
    assert words in frontend.explain_npm(output, LOG)


def test_space_is_looked_at_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="disk is full"):
        environment.enough_space(tmp_path, 10**18)
    environment.enough_space(tmp_path, 1)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "node_modules/thing/dist").mkdir(parents=True)
    (tmp_path / "node_modules/thing/dist/thing.js").write_text("one")
    (tmp_path / "node_modules/thing/dist/more").mkdir()
    (tmp_path / "node_modules/thing/dist/more/a.svg").write_text("a")
    name = tmp_path / "package.json"
    name.write_text(
        json.dumps(
            {"weiye": {"vendor": {"thing/dist/thing.js": "t/thing.js", "thing/dist/more": "more"}}}
        )
    )
    return name


def test_served_files_are_swapped_in_whole(package: Path, tmp_path: Path) -> None:
    modules, vendor = tmp_path / "node_modules", tmp_path / "vendor"
    frontend.copy_served(package, modules, vendor, "first")
    assert (vendor / "t/thing.js").read_text() == "one"
    assert (vendor / "more/a.svg").read_text() == "a"
    (modules / "thing/dist/thing.js").write_text("two")
    (tmp_path / "vendor.part").mkdir()  # left behind by a killed start
    (tmp_path / "vendor.part/rubbish").touch()
    frontend.copy_served(package, modules, vendor, "second")
    assert (vendor / "t/thing.js").read_text() == "two"
    assert not (vendor / "rubbish").exists()
    assert stamps.read(vendor / frontend.STAMP) == {"digest": "second"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "node_modules", "package.json", "vendor",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "served"),
    [
        ("a.css", b"a{}\n/*# sourceMappingURL=a.css.map */\n", b"a{}"),
        ("a.js", b"a()\n//# sourceMappingURL=a.js.map", b"a()"),
        ("a.js", b"'//# sourceMappingURL=x' + a()", b"'//# sourceMappingURL=x' + a()"),
        ("a.txt", b"//# sourceMappingURL=a.js.map", b"//# sourceMappingURL=a.js.map"),
    ],
)
def test_served_files_point_at_no_source_map(
    tmp_path: Path, name: str, content: bytes, served: bytes
) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / name).write_bytes(content)
    package = tmp_path / "package.json"
    package.write_text(json.dumps({"weiye": {"vendor": {name: name}}}))
    frontend.copy_served(package, tmp_path / "node_modules", tmp_path / "vendor", "first")
    assert (tmp_path / "vendor" / name).read_bytes() == served


def test_a_file_that_is_not_in_its_package_leaves_the_old_ones(
    package: Path, tmp_path: Path
) -> None:
    modules, vendor = tmp_path / "node_modules", tmp_path / "vendor"
    frontend.copy_served(package, modules, vendor, "first")
    package.write_text(json.dumps({"weiye": {"vendor": {"thing/none.js": "none.js"}}}))
    with pytest.raises(Trouble, match=r"thing/none\.js"):
        frontend.copy_served(package, modules, vendor, "second")
    assert (vendor / "t/thing.js").read_text() == "one"


def test_nothing_is_copied_outside_the_folder(package: Path, tmp_path: Path) -> None:
    package.write_text(json.dumps({"weiye": {"vendor": {"thing/dist/thing.js": "../../x.js"}}}))
    with pytest.raises(Trouble, match="outside"):
        frontend.copy_served(package, tmp_path / "node_modules", tmp_path / "vendor", "first")


def test_tools_see_nothing_of_another_python() -> None:
    told = environment.clean({"PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "HOME": "/h"})
    assert told == {"HOME": "/h", "PYTHONNOUSERSITE": "1", "PIP_NO_INPUT": "1"}
