"""The style guide looks as it did: on a phone, a desk, in large type, in the dark, and printed."""

import base64
import os
import subprocess
from typing import Any

import pytest

from . import pictures
from .conftest import DESKTOP, PHONE

FONT = "Noto Sans CJK SC"
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"size": PHONE},
    "desktop": {"size": DESKTOP},
    "large": {"size": PHONE, "large": True},
    "dark": {"size": DESKTOP, "color_scheme": "dark"},
    "print": {"size": (794, 1123)},
}
# What differs from browser to browser and is none of our own: pickers, fonts, the blinking caret.
SAME = f"""() => {{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, *::before, *::after {{ font-family: "{FONT}" !important;
    caret-color: transparent !important; animation: none !important; transition: none !important; }}
    ::-webkit-calendar-picker-indicator, ::file-selector-button {{ visibility: hidden; }}
    input[type=date], input[type=file] {{ color: transparent !important; }}
    .wy-toasts, .wy-side {{ position: static !important; }}`);
  document.adoptedStyleSheets = [sheet];
}}"""


@pytest.fixture(scope="session")
def font() -> None:
    """The font of the references. Another Chinese font breaks lines elsewhere."""
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True)
    if FONT not in listed.stdout:
        pytest.skip(f"{FONT} is not installed (on Debian: apt install fonts-noto-cjk)")


def take(visit: Any, name: str, extra: str = "") -> tuple[list[dict[str, Any]], pictures.Greys]:
    options = dict(LOOKS[name])
    visitor = visit(options.pop("size"), "worker-c", **options)
    page = visitor.go("/styleguide/")
    page.wait_for_load_state("networkidle")
    if name == "print":
        page.emulate_media(media="print")
    page.evaluate(SAME)
    if extra:
        page.evaluate(
            "css => { const s = new CSSStyleSheet(); s.replaceSync(css);"
            " document.adoptedStyleSheets = [...document.adoptedStyleSheets, s]; }",
            extra,
        )
    page.evaluate("() => { scrollTo(0, 0); dispatchEvent(new Event('resize')); }")
    page.evaluate("() => document.fonts.ready.then(() => 0)")
    page.wait_for_timeout(200)
    pieces = page.evaluate(pictures.BOXES)
    shot = base64.b64encode(page.screenshot(full_page=True, animations="disabled")).decode()
    # On a page without a policy of its own.
    page.goto("about:blank")
    width, height, cells = page.evaluate(
        pictures.GREYS, [f"data:image/png;base64,{shot}", pictures.SHRINK]
    )
    assert visitor.faults == []
    return pieces, pictures.Greys(width, height, bytes(cells))


@pytest.mark.parametrize("name", LOOKS)
def test_the_style_guide_looks_as_it_did(visit, font: None, name: str) -> None:
    now = take(visit, name)
    assert len(now[0]) >= 20
    if os.environ.get("WEIYE_SCREENSHOTS") == "renew":
        pictures.write(name, *now)
        return
    assert pictures.differences(pictures.read(name), now) == []


@pytest.mark.parametrize(
    ("break_it", "piece"),
    [
        (".wy-counter { padding: 2.5rem !important }", "counters"),
        (".btn-primary { background: #fff !important }", "buttons"),
        (".wy-badge { display: block !important }", "quota"),
        (".wy-table th, .wy-table td { border: 6px solid #000 !important }", "list"),
        (".wy-note { background: none !important; color: #fff !important }", "notes"),
    ],
)
def test_a_broken_look_is_noticed(visit, font: None, break_it: str, piece: str) -> None:
    """The test of the test."""
    found = pictures.differences(pictures.read("desktop"), take(visit, "desktop", break_it))
    assert [line for line in found if line.startswith(f"{piece}:")], found
