"""The packed area tree of Shandong and the county boundaries."""

import gzip
import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pypinyin import Style, lazy_pinyin

from weiye.base.regions.actions import initials
from weiye.base.regions.packing import pack_counties, pack_regions
from weiye.base.regions.reading import (
    OFFICIAL_LEVELS,
    level_of,
    path_end,
    path_of,
    read_counties,
    read_regions,
)

PACK = Path(__file__).parents[3] / "packs" / "shandong"


def rings_of(collection: dict) -> list[list[list[float]]]:
    rings = []
    for feature in collection["features"]:
        shape = feature["geometry"]
        many = shape["type"] == "MultiPolygon"
        polygons = shape["coordinates"] if many else [shape["coordinates"]]
        rings += [ring for polygon in polygons for ring in polygon]
    return rings


@pytest.mark.requirement("ORG-1")
def test_every_official_unit_of_the_province_is_there():
    regions = read_regions(PACK)
    assert regions.columns == ["code", "parent_code", "level", "name", "path"]
    assert Counter(regions["level"]) == {
        "province": 1,
        "city": 16,
        "county": 151,
        "street": 1_853,
        "community": 62_074,
    }
    assert regions["code"].n_unique() == regions.height == 64_095
    assert regions["name"].null_count() == 0


@pytest.mark.requirement("ORG-1")
def test_the_vectorised_reading_agrees_with_the_rules_for_one_code():
    paths = {}
    seen = set()
    for code, parent, level, _, path in read_regions(PACK).iter_rows():
        assert level == level_of(code)
        assert path == path_of(code, level)
        assert (parent is None) == (level == "province")
        if parent is not None:
            assert parent in seen, "a parent stands before what is below it"
            assert OFFICIAL_LEVELS.index(level) == OFFICIAL_LEVELS.index(level_of(parent)) + 1
            assert path.startswith(paths[parent])
        seen.add(code)
        paths[code] = path


@pytest.mark.requirement("ORG-1")
def test_everything_below_a_unit_is_one_range_of_paths():
    regions = read_regions(PACK)
    assert regions["path"].is_sorted()
    for code in ("371000000000", "371002000000", "371002001000", "371002001001"):
        path = path_of(code, level_of(code))
        inside = regions.filter((regions["path"] >= path) & (regions["path"] < path_end(path)))
        prefix = code.rstrip("0") if code != "371000000000" else "3710"
        expected = [c for c in regions["code"] if c.startswith(prefix)]
        assert inside["code"].to_list() == expected


def test_weihai_has_its_development_zones():
    names = dict(read_regions(PACK).select("code", "name").iter_rows())
    assert names["371071000000"] == "威海火炬高技术产业开发区"
    assert names["371072000000"] == "威海经济技术开发区"
    assert names["371073000000"] == "威海临港经济技术开发区"


def test_packing_is_deterministic_and_reversible():
    rows = [
        {"code": c, "parent_code": p or "", "level": level, "name": name}
        for c, p, level, name, _ in read_regions(PACK).iter_rows()
    ]
    packed = pack_regions(reversed(rows))
    assert packed == pack_regions(rows)
    stored = (PACK / "regions.csv.gz").read_bytes()
    assert gzip.decompress(packed) == gzip.decompress(stored)


@pytest.mark.parametrize(
    ("code", "parent", "level", "name"),
    [
        ("370200000000", "370000000000", "county", "跳过一级"),
        ("370299000001", "370299000000", "community", "缺少上级"),
        ("370200000000", "380000000000", "city", "上级不符"),
        ("370200000000", "370000000000", "city", " "),
        ("37020000000", "370000000000", "city", "少一位"),
        ("370000000000", "", "province", "重复"),
    ],
)
def test_packing_refuses_what_does_not_nest(code, parent, level, name):
    province = {
        "code": "370000000000",
        "parent_code": "",
        "level": "province",
        "name": "山东省",
    }
    unit = {"code": code, "parent_code": parent, "level": level, "name": name}
    with pytest.raises(ValueError, match=r"code|double"):
        pack_regions([province, unit])


@pytest.mark.requirement("ORG-1")
def test_county_boundaries_fit_the_tree_and_a_slow_network():
    collection = read_counties(PACK)
    assert len(gzip.decompress((PACK / "counties.geojson.gz").read_bytes())) < 250_000
    codes = {f["properties"]["code"] for f in collection["features"]}
    assert len(codes) == 136
    counties = {c for c, level in read_regions(PACK)[["code", "level"]].iter_rows()
                if level == "county"}  # fmt: skip
    assert codes < counties
    assert {code[4] for code in counties - codes} == {"7"}, "only functional areas are missing"


def test_neighbours_share_their_border_point_for_point():
    rings = rings_of(read_counties(PACK))
    edges: Counter[frozenset[tuple[float, ...]]] = Counter()
    for ring in rings:
        assert ring[0] == ring[-1]
        assert len(ring) >= 4
        edges.update(frozenset((tuple(a), tuple(b))) for a, b in itertools.pairwise(ring))
    shared = [edge for edge, uses in edges.items() if uses == 2]
    assert max(edges.values()) == 2
    assert len(shared) > 0.8 * len(edges)


def test_two_squares_keep_their_common_corners_whatever_the_tolerance():
    left = [[0, 0], [0, 1], [0.5, 1.0001], [1, 1], [1.0001, 0.5], [1, 0], [0, 0]]
    right = [[1, 0], [1.0001, 0.5], [1, 1], [2, 1], [2, 0], [1, 0]]
    names = {"city_adcode": 2, "city_name": "市", "lon": 0, "lat": 0}
    squares = {
        "name": "squares",
        "features": [
            {
                "properties": {"district_adcode": n, "district_name": str(n), **names},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
            for n, ring in enumerate((left, right))
        ],
    }
    simplified = json.loads(gzip.decompress(pack_counties(squares, tolerance=5_000)))
    first, second = rings_of(simplified)
    assert {(1, 0), (1, 1)} <= {tuple(p) for p in first} & {tuple(p) for p in second}
    assert [1.0001, 0.5] not in first
    assert [1.0001, 0.5] not in second
    fine = rings_of(json.loads(gzip.decompress(pack_counties(squares, tolerance=1))))
    assert [1.0001, 0.5] in fine[0]
    assert [1.0001, 0.5] in fine[1]


@pytest.mark.slow
def test_no_two_borders_cross_after_simplification():
    """Every pair of segments by the orientation of their ends, with exact whole numbers."""
    edges = set()
    for ring in rings_of(read_counties(PACK)):
        for a, b in itertools.pairwise(ring):
            ends = sorted(tuple(round(x * 10_000) for x in point) for point in (a, b))
            edges.add((*ends[0], *ends[1]))
    ax, ay, bx, by = np.array(sorted(edges), dtype=np.int64).T

    def side(px, py, qx, qy, rx, ry):
        return np.sign((qx - px) * (ry - py) - (qy - py) * (rx - px))

    for i in range(len(ax) - 1):
        own = ax[i], ay[i], bx[i], by[i]
        cx, cy, dx, dy = (column[i + 1 :] for column in (ax, ay, bx, by))
        apart = side(*own, cx, cy) * side(*own, dx, dy) < 0
        apart &= side(cx, cy, dx, dy, ax[i], ay[i]) * side(cx, cy, dx, dy, bx[i], by[i]) < 0
        assert not apart.any(), own


def test_initials_word_by_word_are_those_of_the_whole_name():
    names = read_regions(PACK)["name"][::50].to_list()
    for name in [*names, "重庆路社区", "A1（东）区", "长 青3号楼", ""]:
        assert initials(name) == "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))[:100]
