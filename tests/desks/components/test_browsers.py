"""Our CSS and JavaScript keep to the oldest browsers of docs/interface.md.

Chromium 111, Safari 16.4.
"""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "src/weiye/desks/components/static/components"
VENDOR = Path(os.environ.get("WEIYE_HOME", ROOT / "var")) / "vendor"

# Newer than the line: pattern, since which Chromium and Safari, and a text that must be caught.
NEW_CSS = {
    "nesting": (
        r"\{[^{}]*[;{]\s*&|&[.:\[ >+~]",
        "112, 16.5",
        ".a { color: red; &:hover { x: y } }",
    ),
    "subgrid": (r"\bsubgrid\b", "117, 16.0", "grid-template-rows: subgrid"),
    "light-dark()": (r"\blight-dark\(", "123, 17.5", "color: light-dark(red, blue)"),
    "relative colours": (r"\b(rgb|hsl|oklch|color)\(\s*from\b", "119, 16.4", "rgb(from red r g b)"),
    "@scope": (r"@scope\b", "118, 17.4", "@scope (.a) {}"),
    "@starting-style": (r"@starting-style\b", "117, 17.5", "@starting-style {}"),
    "anchors": (r"\banchor(-name|\()|\bposition-anchor\b", "125, 26", "anchor-name: --a"),
    ":user-invalid": (r":user-(in)?valid\b", "119, 16.5", "input:user-invalid {}"),
    ":popover-open": (r":popover-open\b", "114, 17", "p:popover-open {}"),
    ":open": (r":open\b", "133, 26", "details:open {}"),
    "::details-content": (r"::details-content\b", "131, 18.4", "a::details-content {}"),
    "field-sizing": (r"\bfield-sizing\b", "123, 26", "field-sizing: content"),
    "interpolate-size": (r"\binterpolate-size\b|calc-size\(", "129, -", "interpolate-size: x"),
    "content-visibility": (r"\bcontent-visibility\b", "85, 18", "content-visibility: auto"),
    "view transitions": (r"\bview-transition", "111, 18", "view-transition-name: a"),
    "linear()": (r"\blinear\(", "113, 17.2", "transition: x 1s linear(0, 1)"),
    "trigonometry": (r"[ :(](sin|cos|tan|sqrt|pow|round)\(", "111–125, 15.4", "width: round(1px)"),
    "mask without prefix": (r"[^-]\bmask(-image)?\s*:", "120, 15.4", "a{ mask: none}"),
    "@function, if()": (r"@function\b|:\s*if\(", "137, -", "@function --a() {}"),
    "text-box": (r"\btext-box", "133, 18.2", "text-box: trim-both"),
}
# Newer too, and harmless where it is missing: lines break a little otherwise.
HARMLESS = {"text-wrap": r"\btext-wrap\b", "scrollbar": r"\bscrollbar-(color|width|gutter)\b"}

NEW_JS = {
    "modules": (r"^\s*(import|export)\b", "a file is parsed as a script", "import a from 'b'"),
    "lookbehind": (r"\(\?<[=!]", "62, 16.4 (a fault in the parser before)", "/(?<=a)b/"),
    "flag v": (r"/[dgimsuy]*v[dgimsuy]*[.,;)\s]", "112, 17", "x.match(/a/v);"),
    "groupBy": (r"\b(Object|Map)\.groupBy\b", "117, 17.4", "Object.groupBy(a, b)"),
    "withResolvers": (r"\bPromise\.(withResolvers|try)\b", "119, 17.4", "Promise.withResolvers()"),
    "fromAsync": (r"\bArray\.fromAsync\b", "121, 16.4", "Array.fromAsync(x)"),
    "set methods": (
        r"\.(isSubsetOf|isSupersetOf|symmetricDifference)\(",
        "122, 17",
        "a.isSubsetOf(b)",
    ),
    "canParse": (r"\bURL\.(canParse|parse)\b", "120, 17", "URL.canParse(x)"),
    "checkVisibility": (r"\.checkVisibility\(", "105, 17.4", "a.checkVisibility()"),
    "popover": (r"\.(show|hide|toggle)Popover\(|\bpopover=", "114, 17", "a.showPopover()"),
    "startViewTransition": (
        r"\bstartViewTransition\b",
        "111, 18",
        "document.startViewTransition(f)",
    ),
    "using": (r"\b(await\s+)?using\s+\w+\s*=", "134, -", "using a = b"),
    "requestIdleCallback": (r"\brequestIdleCallback\b", "47, -", "requestIdleCallback(f)"),
    "scrollend": (r"[\"']scrollend[\"']", "114, 26", "addEventListener('scrollend', f)"),
    "AbortSignal.any": (r"\bAbortSignal\.any\b", "116, 17.4", "AbortSignal.any([])"),
    "setHTML": (r"\.setHTML|\bTemporal\b|\bnavigation\.navigate", "-", "a.setHTMLUnsafe(b)"),
}
# boot.js speaks to browsers far below the line.
OLD_JS = r"=>|`|\?\.|\?\?|\b(const|let|class|async|await|of)\b|\.\.\."


def newer(text: str, table: dict[str, tuple[str, str, str]]) -> list[str]:
    bare = re.sub(r"/\*.*?\*/|(?m:^\s*//.*$)", "", text, flags=re.DOTALL)
    return [
        f"{name} (since {since})"
        for name, (pattern, since, _) in table.items()
        if re.search(pattern, bare, re.MULTILINE)
    ]


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=lambda p: p.name)
def test_our_styles_ask_nothing_newer(path: Path) -> None:
    assert newer(path.read_text(encoding="utf-8"), NEW_CSS) == []


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda p: p.name)
def test_our_scripts_ask_nothing_newer(path: Path) -> None:
    assert newer(path.read_text(encoding="utf-8"), NEW_JS) == []


def test_the_word_to_old_browsers_is_understood_by_them() -> None:
    text = (STATIC / "js/boot.js").read_text(encoding="utf-8")
    bare = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", text, flags=re.DOTALL)
    assert re.findall(OLD_JS, bare) == []


@pytest.mark.parametrize("table", [NEW_CSS, NEW_JS], ids=["css", "js"])
def test_the_test_itself_catches_every_feature_of_its_list(
    table: dict[str, tuple[str, str, str]],
) -> None:
    for name, (_, _, sample) in table.items():
        assert any(found.startswith(f"{name} (") for found in newer(sample, table)), name


def test_tabler_sets_the_line_and_no_higher() -> None:
    """Its compiled sheet is what asks for color-mix(); a new version may ask for more."""
    sheet = VENDOR / "tabler/tabler.min.css"
    if not sheet.is_file():
        pytest.skip("the front-end packages are not installed: run the tests with ./weiye test")
    text = sheet.read_text(encoding="utf-8")
    assert "color-mix(" in text
    # Its colours of <code>, which tokens.css sets; its masks stand beside their prefixed twins.
    text = re.sub(r"--tblr-code-(color|bg):light-dark\(.*?\)\)", "", text)
    assert newer(text, {k: v for k, v in NEW_CSS.items() if k != "mask without prefix"}) == []
