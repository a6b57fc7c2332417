"""Bundles: whole or refused, put in place again and again, and set up without any network."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launcher.miniature import REPOSITORY
from weiye.launcher.bundle import packing, unpacking
from weiye.launcher.bundle.packing import Entry
from weiye.launcher.places import Places, discover
from weiye.launcher.trouble import Trouble

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., tuple[Path, str]]:
    """Make a bundle of given texts."""

    def make(name: str = "one", pythons: list[str] | None = None, **texts: str) -> tuple[Path, str]:
        folder = tmp_path / f"from-{name}"
        entries = []
        for key, text in texts.items():
            path = folder / key.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            entries.append(Entry(key.replace("__", "/"), path, key == "weiye"))
        file = tmp_path / f"{name}.bundle"
        return file, packing.write(file, entries, version=name, pythons=pythons or [HERE])

    return make


def put(file: Path, folder: Path) -> None:
    with unpacking.opened(file) as bundle:
        listed, _ = unpacking.examine(bundle, file)
        unpacking.put(bundle, listed, folder)


def test_what_was_packed_is_there_and_the_next_release_replaces_it(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path
) -> None:
    first, _ = pack("one", weiye="#!1", src__a="a", src__old__gone="x", packs__p="1")
    second, _ = pack("two", weiye="#!2", src__a="b", src__new="n", packs__p="1")
    folder = tmp_path / "there"
    put(first, folder)
    assert (folder / "weiye").read_text() == "#!1" and os.access(folder / "weiye", os.X_OK)
    assert not os.access(folder / "src/a", os.X_OK)
    (folder / "var").mkdir()
    (folder / "var" / "secrets.json").write_text("kept")
    put(second, folder)
    assert (folder / "src/a").read_text() == "b" and (folder / "src/new").read_text() == "n"
    assert not (folder / "src/old").exists()
    assert (folder / "var" / "secrets.json").read_text() == "kept"
    assert json.loads((folder / unpacking.LIST).read_text())["version"] == "two"
    assert not (folder / ".incoming").exists()


def test_killed_half_way_the_same_call_ends_it(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, _ = pack("one", weiye="#!", src__a="a", src__b="b")
    folder = tmp_path / "there"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            put(file, folder)
    put(file, folder)
    assert (folder / "src/b").read_text() == "b"


def test_a_folder_of_somebody_else_or_a_running_one_is_left_alone(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path
) -> None:
    import fcntl

    file, _ = pack("one", weiye="#!")
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.doc").write_text("mine")
    with pytest.raises(unpacking.Refused, match="something else"):
        put(file, other)
    assert [path.name for path in other.iterdir()] == ["thesis.doc"]
    with pytest.raises(unpacking.Refused, match="is a file"):
        put(file, other / "thesis.doc")
    folder = tmp_path / "there"
    put(file, folder)
    (folder / "var").mkdir()
    with (folder / "var" / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(unpacking.Refused, match="running"):
            put(file, folder)


def test_altered_cut_off_or_foreign_files_are_refused(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path
) -> None:
    file, fingerprint = pack("one", weiye="#!" + "x" * 500, src__a="hello " * 200)
    content, bad = file.read_bytes(), tmp_path / "bad"

    def refused(words: str = "") -> None:
        with pytest.raises(unpacking.Refused, match=words), unpacking.opened(bad) as bundle:
            unpacking.examine(bundle, bad)

    for cut in (0, 10, len(content) // 2, len(content) - 1):
        bad.write_bytes(content[:cut])
        refused("cut off")
    with zipfile.ZipFile(file) as whole:
        entry = whole.getinfo("app/src/a")
    at = entry.header_offset + 30 + len(entry.filename)
    for byte in range(at, at + entry.compress_size - 2):
        altered = bytearray(content)
        altered[byte] ^= 4
        bad.write_bytes(altered)
        refused("altered")
    parts = {}
    with zipfile.ZipFile(file) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}

    def rewrite(**changes: bytes | None) -> None:
        with zipfile.ZipFile(bad, "w") as made:
            for name, value in (parts | changes).items():
                if value is not None:
                    made.writestr(name, value)

    rewrite(**{"app/src/a": b"evil"})
    refused("not what was packed")
    rewrite(**{"app/src/a": None})
    refused("does not hold")
    rewrite(**{"app/src/more": b"more"})
    refused("does not hold")
    rewrite(**{unpacking.LIST: b"{}"})
    refused("no bundle")
    listed = json.loads(parts[unpacking.LIST])
    for name in ("app/../../etc/x", "/etc/x", "app//x"):
        files = listed["files"] | {name: listed["files"]["app/src/a"]}
        rewrite(**{unpacking.LIST: json.dumps(listed | {"files": files}).encode(),
                   name: parts["app/src/a"]})  # fmt: skip
        refused("outside")
    # Altered together with its list it is another bundle, and its fingerprint says so.
    files = listed["files"] | {"app/src/a": {"sha256": "0" * 64, "size": 4, "executable": False}}
    rewrite(**{unpacking.LIST: json.dumps(listed | {"files": files}).encode()})
    refused("not what was packed")
    assert unpacking.main([str(file), "--examine", "--fingerprint", fingerprint]) == 0
    assert unpacking.main([str(file), "--examine", "--fingerprint", "0" * 64]) == 1


def test_another_python_or_machine_is_told_so(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path
) -> None:
    with pytest.raises(unpacking.Refused, match=r"packages for Python 3\.99"):
        unpacking.refuse_unsuitable({"pythons": ["3.99"], "machine": unpacking.machine()})
    with pytest.raises(unpacking.Refused, match="for Linux riscv64"):
        unpacking.refuse_unsuitable({"pythons": [HERE], "machine": "Linux riscv64 glibc"})


def test_started_as_a_file_it_says_what_is_wrong(
    pack: Callable[..., tuple[Path, str]], tmp_path: Path
) -> None:
    file, fingerprint = pack("one", pythons=["3.99"], weiye="#!")
    done = subprocess.run(
        [sys.executable, "-I", "-S", file, tmp_path / "there"], capture_output=True, text=True
    )
    assert done.returncode == 1 and fingerprint in done.stderr and "3.99" in done.stderr
    assert not (tmp_path / "there").exists()


def test_the_lock_is_judged_for_the_python_that_is_asked_for() -> None:
    places = discover({"WEIYE_VENV": sys.prefix, "WEIYE_HOME": "/tmp"})
    eleven, twelve = (packing._for_python(places, python) for python in ("3.11", "3.12"))
    assert eleven.count("\nnumpy==") + eleven.startswith("numpy==") == 1
    assert twelve.count("\nnumpy==") == 1 and eleven != twelve
    assert ";" not in eleven and eleven.count("--hash=") > 100
    assert "manylinux_2_28_" + os.uname().machine in packing._platforms()


def test_a_bundled_installation_asks_no_index(tmp_path: Path) -> None:
    from weiye.launcher import environment

    places = Places(tmp_path, tmp_path, tmp_path / "v", tmp_path / "n", tmp_path)
    assert environment._source(places, "base") == []
    (tmp_path / "bundle" / "wheels").mkdir(parents=True)
    assert environment._source(places, "base")[0] == "--no-index"
    assert environment._source(places, "test") == []
    said = environment.explain_bundle("No matching distribution found for polars==1.2", tmp_path)
    assert "no polars 1.2" in said


def test_only_a_clone_or_a_bundle_can_be_packed(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="neither"):
        list(packing.of_repository(tmp_path))
    names = {entry.name for entry in packing.of_repository(REPOSITORY)}
    assert {"weiye", "package.json", "requirements/base.txt"} <= names
    assert not any(name.startswith(("var/", ".venv/")) for name in names)


NO_ROUTE = """
import errno, socket, sys
for address in (("192.0.2.1", 9), ("223.5.5.5", 53), ("10.0.0.1", 80)):
    try:
        socket.create_connection(address, timeout=3)
    except OSError as error:
        assert error.errno == errno.ENETUNREACH, error
    else:
        sys.exit("there is a way out")
"""


@pytest.mark.slow
def test_set_up_and_run_in_a_network_namespace_without_a_route_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The whole product: packed, carried as one file, set up and checked without network."""
    alone = ["unshare", "--net", "--"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        alone = ["unshare", "--user", "--map-root-user", "--net", "--"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode:
            pytest.skip(
                "NOT PROVEN HERE: this user may not make a network namespace (unshare --net); run "
                "the slow tests as root to prove that a bundle installs without a network"
            )
    base = tmp_path_factory.mktemp("closed")
    for folder in (base, *base.parents[:3]):
        if folder.name.startswith("pytest-"):
            folder.chmod(0o755)
    kept = {
        key: value for key, value in os.environ.items()
        if not key.startswith(("WEIYE_", "DJANGO_", "PYTHON", "NUMBA_"))
        and key not in ("DATABASE_URL", "VIRTUAL_ENV")
    }  # fmt: skip
    file = base / "weiye.bundle"
    home = os.environ.get("WEIYE_HOME", str(base / "home"))
    packed = subprocess.run(
        [REPOSITORY / "weiye", "bundle", file],
        env=kept | {"WEIYE_VENV": sys.prefix, "WEIYE_HOME": home},
        capture_output=True, text=True,
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr[-3000:]
    fingerprint = packed.stdout.split()[-1]
    carried = base / "usb" / "weiye.bundle"
    carried.parent.mkdir()
    file.rename(carried)
    folder = base / "opt" / "weiye"
    script = "\n".join(
        [
            "set -eu",
            "ip link set lo up 2>/dev/null || ifconfig lo up",
            '"$1" -c "$NO_ROUTE"',
            '"$1" -I "$2" --fingerprint "$4" "$3"',
            '"$3/weiye" run --check',
            '"$1" -c "$NO_ROUTE"',
        ]
    )
    empty = base / "empty-home"
    empty.mkdir()
    closed = subprocess.run(
        [*alone, "sh", "-c", script, "sh", sys._base_executable, carried, folder, fingerprint],
        env={"PATH": os.environ["PATH"], "HOME": str(empty), "NO_ROUTE": NO_ROUTE,
             "PIP_NO_CACHE_DIR": "1", "LANG": "C.UTF-8"},
        capture_output=True, text=True, cwd=empty,
    )  # fmt: skip
    assert closed.returncode == 0, closed.stderr[-4000:]
    report = json.loads(closed.stdout.splitlines()[-1])
    assert report["people"] > 100 and report["list_entries"] > 0
    assert (folder / "var" / "vendor").is_dir()
    assert not (folder / "node_modules").exists()
