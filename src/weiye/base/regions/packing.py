"""Makes the packed area tree and county boundaries from their public sources.

Run once when a new edition of the codes appears (the sources and results are described in
`packs/<province>/regions.md`):

    python -m weiye.base.regions.packing regions.csv districts.geojson packs/shandong
"""

import csv
import gzip
import io
import itertools
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weiye.base.regions.reading import CODE_ENDS, COUNTIES_FILE, OFFICIAL_LEVELS, REGIONS_FILE

Point = tuple[float, float]
Arc = tuple[Point, ...]
Points = npt.NDArray[np.float64]

DECIMALS = 4
"""Coordinates are rounded to 0.0001°, about 10 m."""

TOLERANCE_METRES = 400.0


def pack_regions(rows: Iterable[dict[str, str]]) -> bytes:
    """Packs rows of `code, parent_code, level, name` into a gzip of `code,name` in tree order.

    Level, parent and path are not stored: they follow from the code, which is checked here for
    every row. Raises ValueError naming the first code that does not nest, is double or has no name.
    """
    units = sorted((row["code"], row["parent_code"], row["level"], row["name"]) for row in rows)
    codes = {code for code, *_ in units}
    if len(codes) != len(units):
        raise ValueError("double codes")
    for code, parent, level, name in units:
        end = CODE_ENDS[level]
        depth = OFFICIAL_LEVELS.index(level)
        above = code[: CODE_ENDS[OFFICIAL_LEVELS[depth - 1]]].ljust(12, "0") if depth else ""
        nests = len(code) == 12 and code[end:] == "0" * (12 - end) and parent == above
        own = code[CODE_ENDS[OFFICIAL_LEVELS[depth - 1]] if depth else 0 : end]
        if not nests or not own.strip("0") or (parent and parent not in codes) or not name.strip():
            raise ValueError(f"code {code} ({name}) does not nest in the tree")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", "name"])
    writer.writerows([code, name.strip()] for code, _, _, name in units)
    return gzip.compress(text.getvalue().encode(), 9, mtime=0)


def pack_counties(collection: dict[str, Any], tolerance: float = TOLERANCE_METRES) -> bytes:
    """Simplifies county polygons so that shared borders stay shared, and packs them.

    Borders are cut into arcs where three or more of them meet; each arc is simplified once
    (Douglas & Peucker 1973, `tolerance` in metres) and used by both neighbours. Arcs that would
    cross after that (a spit before a bay) are simplified at half the tolerance, until none do.
    """
    shapes = [(f["properties"], _polygons(f["geometry"])) for f in collection["features"]]
    arcs = _Arcs([ring for _, polygons in shapes for rings in polygons for ring in rings])
    arcs.simplify(tolerance)
    features = []
    for facts, polygons in sorted(shapes, key=lambda shape: int(shape[0]["district_adcode"])):
        kept = [[arcs.ring(ring) for ring in rings] for rings in polygons]
        kept = [[ring for ring in rings if len(ring) >= 4] for rings in kept]
        kept = [rings for rings in kept if rings]
        many = len(kept) > 1
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "code": f"{facts['district_adcode']}000000",
                    "name": facts["district_name"],
                    "city_code": f"{facts['city_adcode']}000000",
                    "city_name": facts["city_name"],
                    "lon": facts["lon"],
                    "lat": facts["lat"],
                },
                "geometry": {
                    "type": "MultiPolygon" if many else "Polygon",
                    "coordinates": kept if many else kept[0],
                },
            }
        )
    packed = {"type": "FeatureCollection", "name": collection["name"], "features": features}
    text = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), 9, mtime=0)


def _polygons(geometry: dict[str, Any]) -> list[list[list[Point]]]:
    coordinates = geometry["coordinates"]
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    return [
        [[(float(x), float(y)) for x, y in ring] for ring in rings]
        for rings in polygons
    ]  # fmt: skip


class _Arcs:
    """The borders of all rings cut at their meeting points; each arc is simplified only once."""

    def __init__(self, rings: Sequence[Sequence[Point]]) -> None:
        neighbours: defaultdict[Point, set[Point]] = defaultdict(set)
        for ring in rings:
            for a, b in itertools.pairwise(ring):
                neighbours[a].add(b)
                neighbours[b].add(a)
        self._nodes = {point for point, near in neighbours.items() if len(near) != 2}
        arcs = {min(arc, arc[::-1]) for ring in rings for arc in self._cut(ring)}
        self._simplified: dict[Arc, Arc] = {arc: arc for arc in sorted(arcs)}

    def simplify(self, tolerance: float) -> None:
        tolerances = dict.fromkeys(self._simplified, tolerance)
        again = list(self._simplified)
        while again:
            for arc in again:
                self._simplified[arc] = _douglas_peucker(arc, tolerances[arc])
            again = self._crossing()
            for arc in again:
                tolerances[arc] /= 2

    def ring(self, ring: Sequence[Point]) -> list[list[float]]:
        """The ring, put together from its simplified arcs and rounded."""
        result: list[Point] = []
        for arc in self._cut(ring):
            turned = arc[::-1] < arc
            kept = self._simplified[arc[::-1]][::-1] if turned else self._simplified[arc]
            result += kept[1:] if result else kept
        return [[round(x, DECIMALS), round(y, DECIMALS)] for x, y in result]

    def _cut(self, ring: Sequence[Point]) -> Iterator[Arc]:
        points = list(ring[:-1])
        cuts = [index for index, point in enumerate(points) if point in self._nodes]
        if not cuts:
            # A ring that meets nobody: cut at its smallest point, the same from either side.
            cuts = [points.index(min(points))]
        start = cuts[0]
        points = [*points[start:], *points[:start], points[start]]
        bounds = [*(cut - start for cut in cuts), len(points) - 1]
        for begin, end in itertools.pairwise(bounds):
            yield tuple(points[begin : end + 1])

    def _crossing(self) -> list[Arc]:
        """The arcs of which some segment properly crosses another segment."""
        owners = [arc for arc, kept in self._simplified.items() for _ in kept[1:]]
        pairs = [pair for kept in self._simplified.values() for pair in itertools.pairwise(kept)]
        segments = np.round(np.array(pairs), DECIMALS)
        a, b = segments[:, 0], segments[:, 1]
        found: set[Arc] = set()
        for index in range(len(segments) - 1):
            c, d = a[index + 1 :], b[index + 1 :]
            p, q = a[index], b[index]
            apart = (_side(p, q, c) * _side(p, q, d) < 0) & (_side(c, d, p) * _side(c, d, q) < 0)
            for other in np.flatnonzero(apart):
                found |= {owners[index], owners[index + 1 + int(other)]}
        return sorted(found)


def _side(origin: Points, end: Points, point: Points) -> Points:
    """Positive where `point` lies to the left of the line from `origin` to `end`."""
    along, to = end - origin, point - origin
    side: Points = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
    return side


def _douglas_peucker(arc: Arc, tolerance: float) -> Arc:
    """The points of an open or closed arc that matter at a tolerance in metres."""
    scale = 111_195.0  # metres in a degree of latitude on a sphere of radius 6 371 008.8 m
    squeeze = math.cos(math.radians(arc[0][1]))
    flat = [(x * scale * squeeze, y * scale) for x, y in arc]
    keep = {0, len(arc) - 1}
    open_spans = [(0, len(arc) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        (ax, ay), (bx, by) = flat[first], flat[last]
        length = math.hypot(bx - ax, by - ay)
        worst, worst_distance = first, -1.0
        for index in range(first + 1, last):
            px, py = flat[index]
            if length:
                along = ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length**2
                along = min(1.0, max(0.0, along))
                gap = math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay))
            else:
                gap = math.hypot(px - ax, py - ay)
            if gap > worst_distance:
                worst, worst_distance = index, gap
        if worst_distance > tolerance:
            keep.add(worst)
            open_spans += [(first, worst), (worst, last)]
    return tuple(arc[index] for index in sorted(keep))


def main(argv: list[str]) -> int:
    """Packs `REGIONS.csv DISTRICTS.geojson` into the pack folder named third."""
    regions, districts, pack = (Path(argument) for argument in argv)
    with regions.open(encoding="utf-8", newline="") as file:
        (pack / REGIONS_FILE).write_bytes(pack_regions(csv.DictReader(file)))
    collection = json.loads(districts.read_text(encoding="utf-8"))
    (pack / COUNTIES_FILE).write_bytes(pack_counties(collection))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
