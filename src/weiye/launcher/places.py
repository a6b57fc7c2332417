"""Where things lie: the repository, the state folder, the environment, the front-end packages."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from weiye.launcher.trouble import Trouble

ENVIRONMENT_STAMP = "weiye.json"


@dataclass(frozen=True)
class Places:
    """Absolute paths. ``front`` is the folder that holds ``node_modules``."""

    root: Path
    home: Path
    environment: Path
    node: Path
    front: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def vendor(self) -> Path:
        return self.home / "vendor"

    @property
    def wheels(self) -> Path | None:
        """The packages that a bundle brought; nothing is fetched from anywhere then."""
        found = self.root / "bundle" / "wheels"
        return found if found.is_dir() else None

    def log(self, name: str) -> Path:
        folder = self.home / "log"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.log"


def discover(environ: Mapping[str, str], root: Path | None = None) -> Places:
    """Choose the folders: in the repository where it may be written, in the user's own otherwise.

    Raises Trouble where neither may be written.
    """
    root = (root or Path(__file__).parents[3]).resolve()
    open_to_us = os.access(root, os.W_OK | os.X_OK)
    if given := environ.get("WEIYE_HOME"):
        home = Path(given).expanduser().absolute()
    elif open_to_us:
        home = root / "var"
    else:
        data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or "/") / ".local/share"
        home = Path(data) / "weiye" / hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    make_home(home)
    kept = root / ".venv"
    if given := environ.get("WEIYE_VENV"):
        environment = Path(given).absolute()
    elif open_to_us or (kept / ENVIRONMENT_STAMP).is_file():
        environment = kept
    else:
        environment = home / "venv"
    return Places(
        root=root,
        home=home,
        environment=environment,
        node=root / ".node" if open_to_us else home / "node",
        front=root if open_to_us else home / "front",
    )


def make_home(home: Path) -> None:
    """Create the state folder. Nobody else may list it; as root, the database's user may pass."""
    if home.is_dir():
        return
    try:
        home.mkdir(parents=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except FileExistsError:
        raise Trouble(f"The state folder {home} is a file.") from None
    except OSError as error:
        raise Trouble(
            f"The state folder {home} cannot be made ({error.strerror}). Choose another with "
            "WEIYE_HOME=/path/to/folder."
        ) from None
