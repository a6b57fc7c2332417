"""Chromium and a Chinese font for the browser tests: found, fetched, or asked for."""

import os
import shutil
import subprocess
from pathlib import Path

from weiye.launcher.environment import clean
from weiye.launcher.places import Places
from weiye.launcher.processes import run_logged
from weiye.launcher.progress import Step
from weiye.launcher.trouble import Trouble

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
IN_CACHE = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")


def ensure(places: Places, step: Step) -> str:
    """The path of a Chromium that starts; a Chinese font is there as well when this returns.

    Raises Trouble where one is missing and this user may not install it.
    """
    found = find()
    if found is None:
        step.work("fetching Chromium for the browser tests")
        run_logged(
            [places.python, "-m", "playwright", "install", "chromium"],
            places.log("browser"),
            environ=clean(os.environ),
        )
        found = find()
    if found is None and _apt(places, "chromium"):
        found = find()
    if found is None:
        raise Trouble(
            "The browser tests need Chromium, which is not here and cannot be fetched. Install it "
            f"(on Debian: apt install chromium) and start again. Details: {places.log('browser')}"
        )
    if not has_chinese_font():
        step.work("installing a Chinese font")
        if not (_apt(places, "fontconfig", "fonts-noto-cjk") and has_chinese_font()):
            raise Trouble(
                "The browser tests need a Chinese font. Install one (on Debian: apt install "
                "fontconfig fonts-noto-cjk) and start again."
            )
    return found


def find() -> str | None:
    """A Chromium on the search path or in Playwright's own folder."""
    candidates = [path for name in NAMES if (path := shutil.which(name))]
    caches = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "", *CACHES]
    for cache in caches:
        if cache:
            for pattern in IN_CACHE:
                candidates += map(str, sorted(Path(cache).expanduser().glob(pattern), reverse=True))
    return next((path for path in candidates if _starts(path)), None)


def _starts(path: str) -> bool:
    """Whether it answers: some systems have a placeholder of that name."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and "chrom" in done.stdout.lower()


def has_chinese_font() -> bool:
    program = shutil.which("fc-list")
    if program is None:
        return False
    done = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True)
    return bool(done.stdout.strip())


def _apt(places: Places, *packages: str) -> bool:
    """Install Debian packages, if this is Debian or its like and we are root."""
    program = shutil.which("apt-get")
    if program is None or os.geteuid() != 0:
        return False
    environ = clean(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    log = places.log("browser")
    run_logged([program, "update", "-q"], log, environ=environ)
    status, _ = run_logged(
        [program, "install", "-q", "-y", "--no-install-recommends", *packages],
        log,
        environ=environ,
    )
    return status == 0
