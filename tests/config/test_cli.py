"""The table of commands."""

import importlib
import subprocess
import sys

import pytest

from weiye.config import cli


def test_every_command_can_be_called() -> None:
    for name, entry in cli.table().items():
        module, _, function = str(entry["target"]).partition(":")
        assert callable(getattr(importlib.import_module(module), function)), name


def test_an_unknown_command_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["nonsense"]) == 2
    assert "no command 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "status"), [("pipeline", 0), ("match", 1), ("nonsense", 2)])
def test_the_launcher_learns_whether_a_database_is_needed(name: str, status: int) -> None:
    assert cli.main(["--needs-database", name]) == status


def test_engine_commands_load_no_django() -> None:
    code = (
        "import sys; from weiye.config.cli import main; "
        "status = main(['match', '--help']); sys.exit(9 if 'django' in sys.modules else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
