"""Addresses → what they name: estate, building, home."""

from __future__ import annotations

import numpy as np

from weiye.engine.linkage.text import Hashes, Ints, Points, compiled, mix

# How far characters count inside addresses.
_NUMERALS = np.full(0x10000, -1, np.int64)
for _value, _marks in enumerate(("〇零", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒")):
    for _mark in _marks:
        _NUMERALS[ord(_mark)] = _value
for _value, _marks in ((8, "八捌"), (9, "九玖"), (10, "十拾"), (100, "百佰")):
    for _mark in _marks:
        _NUMERALS[ord(_mark)] = _value
_NUMERALS[48:58] = np.arange(10)
_KINDS = np.zeros(0x10000, np.int64)
_HAO, _LOU, _DONG, _DAN, _YUAN, _SHI, _ZU, _DASH, _MEN, _CENG = range(1, 11)
for _kind, _marks in (
    (_HAO, "号號"),
    (_LOU, "楼樓"),
    (_DONG, "栋幢座棟#"),
    (_DAN, "单單"),
    (_YUAN, "元"),
    (_SHI, "室户戶房"),
    (_ZU, "组組队隊巷弄"),
    (_DASH, "-—–－~_/"),
    (_MEN, "门門"),
    (_CENG, "层層"),
):
    for _mark in _marks:
        _KINDS[ord(_mark)] = _kind
_ADMIN = np.zeros(0x10000, np.bool_)
for _mark in "省市区县旗镇乡":
    _ADMIN[ord(_mark)] = True
_JIE, _DAO, _SHE, _QU, _CUN, _JU, _WEI, _HUI = (ord(mark) for mark in "街道社区村居委会")
_XIAO, _YUAN_GARDEN = ord("小"), ord("园")


@compiled
def read_addresses(flat: Points, start: Ints) -> tuple[Hashes, Hashes, Hashes, Hashes]:
    """Per address the hash of: its estate, road or village; the building there; the home (building,
    unit, room); the numbers alone. 0 where it does not say.

    Province, city, county, street and community in front are skipped, so that
    山东省威海市环翠区竹岛街道幸福小区3号楼2单元501室,
    幸福小区3栋2单元501, 幸福小区三号楼二单元501 and 幸福小区3-2-501 agree.
    A village's house number is its home.
    """
    n = start.shape[0] - 1
    base = np.zeros(n, np.uint64)
    building = np.zeros(n, np.uint64)
    home = np.zeros(n, np.uint64)
    door = np.zeros(n, np.uint64)
    for row in range(n):
        lo, hi = start[row], start[row + 1]
        # Where the local part begins and where its numbers do.
        local = lo
        community = lo
        at = lo
        first = hi
        while at < hi:
            c = flat[at]
            if c < 0x10000:
                following = flat[at + 1] if at + 1 < hi else np.uint32(0)
                before = flat[at - 1] if at > local else np.uint32(0)
                value = _NUMERALS[c]
                if value >= 0 and (at > lo or c < 58):
                    stop = at
                    while stop < hi and flat[stop] < 0x10000 and _NUMERALS[flat[stop]] >= 0:
                        stop += 1
                    suffix = (
                        _KINDS[flat[stop]] if stop < hi and flat[stop] < 0x10000 else np.int64(0)
                    )
                    if suffix > 0 or (c < 58 and stop == hi):
                        first = at
                        break
                    at = stop
                    continue
                if _ADMIN[c] and at - local >= 1 and before != _SHE and before != _XIAO:
                    # 小区, 社区 and 园区 are places; 市场, 市政 and 区域 are words.
                    if before != _YUAN_GARDEN and following not in (0x573A, 0x653F, 0x57DF):
                        local = at + 1
                        community = local
                elif c == _DAO and before == _JIE:
                    if following != 0x529E:
                        local = at + 1
                        community = local
                elif (c == _QU and before == _SHE) or (
                    c == _HUI and before == _WEI and at - local >= 2
                ):
                    community = local
                    local = at + 1
            at += 1
        end = first
        begin = local
        if begin >= end:
            begin = community
        h = np.uint64(0)
        for at in range(begin, end):
            c = flat[at]
            # Spaces, punctuation and the endings that say only what kind of place it is.
            if c <= 47 or c == 0x3000 or c == 0xFF0C or c == 0xB7:
                continue
            if c in (_SHE, _QU, _XIAO, _JU, _WEI, _HUI, _CUN):
                continue
            h = mix(h, c)
        base[row] = h
        # The numbers.
        number = block = stairs = room = np.int64(0)
        loose = 0
        at = first
        while at < hi:
            c = flat[at]
            value = _NUMERALS[c] if c < 0x10000 else np.int64(-1)
            if value < 0:
                at += 1
                continue
            total = np.int64(0)
            pending = np.int64(0)
            while at < hi and flat[at] < 0x10000 and _NUMERALS[flat[at]] >= 0:
                value = _NUMERALS[flat[at]]
                if value >= 10:
                    total += (pending if pending > 0 else 1) * value
                    pending = np.int64(0)
                elif flat[at] < 58 or pending > 0:
                    pending = pending % 10**9 * 10 + value
                else:
                    pending = value
                at += 1
            total += pending
            if at < hi and flat[at] < 0x10000 and 65 <= flat[at] <= 90:
                total = total * 100 + flat[at]
                at += 1
            suffix = _KINDS[flat[at]] if at < hi and flat[at] < 0x10000 else np.int64(0)
            after = _KINDS[flat[at + 1]] if at + 1 < hi and flat[at + 1] < 0x10000 else np.int64(0)
            if (
                (suffix == _HAO and after == _LOU)
                or suffix == _DONG
                or (suffix == _LOU and block == 0)
            ):
                block = total + 1
            elif suffix == _ZU:
                number = total + 1
            elif suffix in (_DAN, _MEN):
                stairs = total + 1
            elif suffix == _SHI:
                room = total + 1
            elif suffix in (_CENG, _LOU):
                pass
            elif suffix == _HAO:
                if block > 0 or stairs > 0:
                    room = total + 1
                else:
                    number = number * 1000 + total + 1
            elif block == 0 and (suffix == _DASH or loose > 0) and loose == 0:
                block = total + 1
                loose = 1
            elif suffix == _DASH and stairs == 0:
                stairs = total + 1
                loose = 2
            else:
                room = total + 1
        if h != 0 and number > 0 and block == 0 and room == 0:
            home[row] = mix(mix(h, 1), number)
            building[row] = home[row]
            door[row] = mix(np.uint64(1), number)
        elif h != 0 and (block > 0 or number > 0):
            building[row] = mix(mix(mix(h, 2), 0 if block > 0 else number), block)
        if room > 0 and (block > 0 or number > 0):
            side = np.uint64(0 if block > 0 else number)
            door[row] = mix(mix(mix(mix(np.uint64(2), side), block), 0), room)
            if h != 0:
                # The unit may be left out where the room tells it: it is compared with the door.
                home[row] = mix(mix(mix(h, 3), door[row]), stairs)
    return base, building, home, door
