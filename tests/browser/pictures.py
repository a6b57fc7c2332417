"""Comparing how a page looks with how it looked, across machines and versions of Chromium.

Two things are compared, piece by piece of the style guide (``data-piece``):

- **boxes**: where each element of a piece stands and how large it is, relative to its piece. A few
  pixels are allowed, for fonts are hinted differently from version to version.
- **shades**: the piece's picture, shrunk eightfold to grey cells, so that letters become texture.
  A piece differs when more than a few of its cells are clearly lighter or darker than before.

Only sizes and greys are kept: tests/browser/pictures/<name>.json and .png (8-bit grey, small).
``WEIYE_SCREENSHOTS=renew ./weiye test tests/browser/test_look.py`` writes them anew; look at them
before committing.
"""

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "pictures"
SHRINK = 8
# Of a box: so many pixels, or this part of its size.
PIXELS, PART = 6, 0.04
# Of a picture: a cell is another when its grey differs by more; so many of a hundred cells may be.
GREY, CELLS = 28, 3.0
# A surface that lost its colour: cells that are quite another, in fewer.
STRONG, SURFACE = 70, 0.4
# Of a picture's mean grey: a theme that is off by little everywhere.
MEAN = 2.5

# In the page: the boxes of every piece's elements, in the order of the document.
BOXES = """() => {
  const round = Math.round;
  return [...document.querySelectorAll('[data-piece]')].map(piece => {
    const at = piece.getBoundingClientRect();
    const boxes = [...piece.querySelectorAll('*')]
      .filter(e => !e.closest('svg, [data-chart-box]') && e.tagName !== 'BR' && e.checkVisibility())
      .map(e => [e.tagName.toLowerCase() + (e.classList[0] ? '.' + e.classList[0] : ''),
                 e.getBoundingClientRect()])
      .filter(([, r]) => r.width >= 8 && r.height >= 8)
      .map(([name, r]) => [name, round(r.x - at.x), round(r.y - at.y), round(r.width),
                           round(r.height)]);
    return {name: piece.dataset.piece, x: round(at.x + scrollX), y: round(at.y + scrollY),
            width: round(at.width), height: round(at.height), boxes};
  });
}"""

# In the page: a picture (data URL) shrunk to grey cells, row by row.
GREYS = """async ([url, shrink]) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const width = Math.floor(image.width / shrink), height = Math.floor(image.height / shrink);
  const sheet = new OffscreenCanvas(image.width, image.height);
  const pen = sheet.getContext('2d', {willReadFrequently: true});
  pen.drawImage(image, 0, 0);
  const greys = [];
  for (let row = 0; row < height; row++) {
    const data = pen.getImageData(0, row * shrink, width * shrink, shrink).data;
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let y = 0; y < shrink; y++)
        for (let x = 0; x < shrink; x++) {
          const at = 4 * (y * width * shrink + column * shrink + x);
          sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
        }
      greys.push(Math.round(sum / shrink / shrink));
    }
  }
  return [width, height, greys];
}"""


@dataclass(frozen=True)
class Greys:
    width: int
    height: int
    cells: bytes

    def cut(self, x: int, y: int, width: int, height: int) -> list[bytes]:
        """The rows of a rectangle, in cells."""
        return [
            self.cells[row * self.width + x : row * self.width + min(self.width, x + width)]
            for row in range(y, min(self.height, y + height))
        ]

    def png(self) -> bytes:
        rows = b"".join(
            b"\0" + self.cells[n * self.width : (n + 1) * self.width] for n in range(self.height)
        )
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0, 0, 0, 0)

        def chunk(kind: bytes, data: bytes) -> bytes:
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

        return b"".join(
            (
                b"\x89PNG\r\n\x1a\n",
                chunk(b"IHDR", head),
                chunk(b"IDAT", zlib.compress(rows, 9)),
                chunk(b"IEND", b""),
            )
        )

    @classmethod
    def of_png(cls, content: bytes) -> "Greys":
        """Read what `png` wrote."""
        width, height = struct.unpack(">II", content[16:24])
        at, packed = 8, b""
        while at < len(content):
            (length,) = struct.unpack(">I", content[at : at + 4])
            if content[at + 4 : at + 8] == b"IDAT":
                packed += content[at + 8 : at + 8 + length]
            at += 12 + length
        rows = zlib.decompress(packed)
        step = width + 1
        return cls(
            width, height, b"".join(rows[n * step + 1 : (n + 1) * step] for n in range(height))
        )


def read(name: str) -> tuple[list[dict[str, Any]], Greys]:
    pieces = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return pieces, Greys.of_png((FOLDER / f"{name}.png").read_bytes())


def write(name: str, pieces: list[dict[str, Any]], greys: Greys) -> None:
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(
        json.dumps(piece, ensure_ascii=False, separators=(",", ":")) for piece in pieces
    )
    (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    (FOLDER / f"{name}.png").write_bytes(greys.png())


def differences(
    before: tuple[list[dict[str, Any]], Greys], now: tuple[list[dict[str, Any]], Greys]
) -> list[str]:
    """What is not as it was, in words; nothing if the page looks the same."""
    old, new = {p["name"]: p for p in before[0]}, {p["name"]: p for p in now[0]}
    found = [f"{name}: gone" for name in old.keys() - new.keys()]
    found += [f"{name}: new" for name in new.keys() - old.keys()]
    for name in (name for name in old if name in new):
        said = _boxes(old[name], new[name])
        if not said:
            said = _shades(old[name], before[1], new[name], now[1])
        if said:
            found.append(f"{name}: {said}")
    return found


def _boxes(old: dict[str, Any], new: dict[str, Any]) -> str:
    whole = ("", 0, 0, old["width"], old["height"]), ("", 0, 0, new["width"], new["height"])
    pairs = [whole, *zip(old["boxes"], new["boxes"], strict=False)]
    for was, has in pairs:
        if was[0] != has[0]:
            return f"where {was[0]} stood is {has[0]}"
        for side, a, b in zip("xywh", was[1:], has[1:], strict=True):
            # A wrapped line moves all that follows it: measured against the piece.
            room = max(PIXELS, PART * (old["height"] if side in "yh" else old["width"]))
            if abs(a - b) > room:
                return f"{was[0] or 'the piece'} {side}: {a} → {b}"
    if len(old["boxes"]) != len(new["boxes"]):
        return f"{len(old['boxes'])} elements → {len(new['boxes'])}"
    return ""


def _shades(old: dict[str, Any], before: Greys, new: dict[str, Any], now: Greys) -> str:
    def cells(piece: dict[str, Any], greys: Greys) -> list[bytes]:
        x, y, w, h = (round(piece[k] / SHRINK) for k in ("x", "y", "width", "height"))
        return greys.cut(x, y, w, h)

    pairs = [
        (a, b)
        for was, has in zip(cells(old, before), cells(new, now), strict=False)
        for a, b in zip(was, has, strict=False)
    ]
    if not pairs:
        return ""
    other = 100 * sum(abs(a - b) > GREY for a, b in pairs) / len(pairs)
    if other > CELLS:
        return f"{other:.1f} % of its picture is another"
    surface = 100 * sum(abs(a - b) > STRONG for a, b in pairs) / len(pairs)
    if surface > SURFACE:
        return f"{surface:.1f} % of its picture is quite another"
    mean = abs(sum(a for a, _ in pairs) - sum(b for _, b in pairs)) / len(pairs)
    return f"lighter or darker by {mean:.0f} of 255" if mean > MEAN else ""
