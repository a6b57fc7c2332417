"""The compiled loops over records: who meets, and who is joined. Serial, lock released."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weiye.engine.linkage.kernel import Bytes, Hashes, Ints, Whole
from weiye.engine.linkage.text import compiled


@compiled
def meet(
    order: Ints, column: Hashes, keys: Hashes, which: int, left_size: int, linked: bool,
    out_left: Whole, out_right: Whole,
) -> int:  # fmt: skip
    """Pairs that share key `which` and none before it; returns how many were written.

    `order`: places of the records that have the key, ascending by it, then by place; `column`: the
    key of each of them. With empty outputs nothing is written and an upper bound is returned.
    """
    count = 0
    bound = 0
    n = order.shape[0]
    write = out_left.shape[0] > 0
    begin = 0
    while begin < n:
        key = column[begin]
        end = begin + 1
        while end < n and column[end] == key:
            end += 1
        split = begin
        if linked:
            while split < end and order[split] < left_size:
                split += 1
            bound += (split - begin) * (end - split)
        else:
            bound += (end - begin) * (end - begin - 1) // 2
        if write:
            for p in range(begin, split if linked else end):
                i = order[p]
                for q in range(split if linked else p + 1, end):
                    j = order[q]
                    fresh = True
                    for before in range(which):
                        if keys[i, before] != 0 and keys[i, before] == keys[j, before]:
                            fresh = False
                            break
                    if fresh:
                        out_left[count] = i
                        out_right[count] = j
                        count += 1
        begin = end
    return count if write else bound


@compiled
def crowded(
    order: Ints, column: Hashes, left_size: int, linked: bool, block: int
) -> npt.NDArray[np.bool_]:
    """Which of the records (as `order` and `column` of `meet`) stand among too many: more than
    `block`, or more pairs of two tables than such a block's square."""
    n = order.shape[0]
    out = np.zeros(n, np.bool_)
    begin = 0
    while begin < n:
        end = begin + 1
        while end < n and column[end] == column[begin]:
            end += 1
        if linked:
            left = 0
            while begin + left < end and order[begin + left] < left_size:
                left += 1
            many = left * (end - begin - left) > block * block
        else:
            many = end - begin > block
        if many:
            out[begin:end] = True
        begin = end
    return out


@compiled
def gather(
    left: Whole, right: Whole, order: Ints, number: Hashes, against: Ints, against_of: Whole,
    parent: Whole, kept: Bytes,
) -> None:  # fmt: skip
    """Joins linked pairs into groups, surest first, and sets `kept` where a pair may be joined.

    `order`: the linked pairs, surest first. `number`: per record a valid ID number's hash, 0
    without. `against`, `against_of`: for each record the records known to be other people, as
    starts and entries. `parent`: places, each its own group at first; afterwards each record's
    group is its smallest member. A pair is not joined where its groups hold two valid numbers or
    members known to be different.
    """
    n = parent.shape[0]
    member = np.arange(n).astype(np.int32)  # next member of the group, in a ring
    size = np.ones(n, np.int32)
    bears = number.copy()
    for at in range(order.shape[0]):
        pair = order[at]
        a, b = left[pair], right[pair]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a == b:
            kept[pair] = 1
            continue
        if bears[a] != 0 and bears[b] != 0 and bears[a] != bears[b]:
            continue
        small, large = (a, b) if size[a] <= size[b] else (b, a)
        clash = False
        one = small
        while True:
            for entry in range(against[one], against[one + 1]):
                other = against_of[entry]
                while parent[other] != other:
                    other = parent[other]
                if other == large:
                    clash = True
                    break
            one = member[one]
            if clash or one == small:
                break
        if clash:
            continue
        kept[pair] = 1
        root, leaf = (a, b) if a < b else (b, a)
        parent[leaf] = root
        size[root] += size[leaf]
        if bears[root] == 0:
            bears[root] = bears[leaf]
        member[root], member[leaf] = member[leaf], member[root]
    for at in range(n):
        root = at
        while parent[root] != root:
            root = parent[root]
        parent[at] = root
