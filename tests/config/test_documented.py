"""docs/operations.md names every setting that the code reads from the environment, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "operations.md"

# Of the system and of other programs: read, but nobody's setting here.
FOREIGN = {
    "HOME", "PATH", "XDG_DATA_HOME", "PLAYWRIGHT_BROWSERS_PATH", "DISPLAY", "WAYLAND_DISPLAY",
    "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR", "WEIYE_PROBE_URL",
    "TMPDIR", "npm_config_cache", "PYTEST_XDIST_WORKER", "WEIYE_TEST_WORKER",
}  # fmt: skip
# Read by the shell script `weiye`, and by programs that we start.
ELSEWHERE = {"WEIYE_PYTHON", "PIP_INDEX_URL", "HTTPS_PROXY", "npm_config_registry", "PIP_CERT"}


def read_by_the_code() -> set[str]:
    """Every name that is asked of ``os.environ`` or a mapping called ``environ``."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=owner, attr="get" | "setdefault" | "pop" | "getenv"),
                    args=[ast.Constant(value=str(name)), *_],
                ) if _is_environment(owner):
                    found.add(name)
                case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))) if (
                    _is_environment(owner)
                ):
                    found.add(name)
                case ast.Constant(value=str(name)) if re.fullmatch(r"WEIYE_[A-Z_]+", name):
                    found.add(name)
    return found


def _is_environment(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id in ("environ", "os")
    )


def documented() -> set[str]:
    """The names in the first column of the table of settings."""
    section = DOCS.read_text(encoding="utf-8").split("## Settings", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Za-z_]+)`", cell)}


def test_every_setting_is_in_the_table_and_every_line_of_it_is_read() -> None:
    in_code = read_by_the_code() - FOREIGN
    # Set by the launcher for the programs that it starts; the table says so in words below it.
    launcher = {"WEIYE_DEMO", "WEIYE_OWNER_URL", "WEIYE_CHROMIUM"}
    told = documented()
    assert in_code - told - launcher == set(), "not documented"
    assert told - in_code - ELSEWHERE == set(), "documented, but nothing reads it"


def test_every_command_and_file_that_operations_name_is_there() -> None:
    from weiye.config.cli import table

    text = DOCS.read_text(encoding="utf-8")
    known = set(table()) | {"run", "test", "web", "worker", "bundle", "install", "NAME"}
    named = set(re.findall(r"\./weiye ([a-z]+)\b", text))
    assert named <= known, named - known
    for link in re.findall(r"\]\(([^)#:]+\.md)", text):
        assert (DOCS.parent / link).is_file(), link
