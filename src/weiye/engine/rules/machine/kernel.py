"""The machine: one compiled loop that runs any program over the rows, chunk by chunk.

A program is a table of whole numbers, a line per step: `WIDTH` columns (what, target, a, b, c, d).
Bit registers hold a bit per row of the chunk, whole registers an int64 per row; both stay in the
processor's cache. Columns are read where Arrow has them: addresses, widths and bit offsets are in
``columns`` (a line each: address of the values, their offset in rows, kind).

Everything compiled stands in this file, with the constants it is compiled against: numba's cache
on disk notices changes of the very file alone. The loop is serial and releases the lock.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

CHUNK: Final = 4096
WIDTH: Final = 6
# Steps on bits.
BITS, ONES, AND, OR, BUT, NOT, TEST, VIEW, BETWEEN, LESS, SAME, BITS_OUT = range(12)
# Steps on whole numbers.
LOAD, FILL, PUT, PICK, ADD, SUB, MUL, SHARE, LEAST, MOST, LOOK, INTS_OUT, EITHER = range(12, 25)
OF_COLUMNS: Final = (BITS, TEST, VIEW, LOAD)  # place 2 is a column
# How a column's values lie in memory.
I8, I16, I32, I64, U8, U16, U32, I128 = range(8)
_EXACT: Final = 1 << 51  # up to here a double divides a whole number exactly, but for one

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def _pointer_to(typing_context: Any, address: Any, kind: Any) -> Any:
    signature = types.CPointer(kind.instance_type)(address, kind)  # type: ignore[no-untyped-call]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return signature, generate


def _stream_to(typing_context: Any, target: Any, source: Any) -> Any:
    """Eight int64 from an address of the cache to one of memory, past the cache.

    Both lie at multiples of 64. An answer is not read again here: without this, every line of it
    would be fetched from memory before it is overwritten.
    """
    signature = types.void(target, source)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(64), 4).as_pointer()
        hint = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        for place in (0, 32):
            at = [builder.add(one, ir.Constant(one.type, place)) for one in arguments]
            value = builder.load(builder.inttoptr(at[1], vector), align=32)
            builder.store(value, builder.inttoptr(at[0], vector), align=32).set_metadata(
                "nontemporal", hint
            )
        return context.get_dummy_value()

    return signature, generate


def _settle(typing_context: Any) -> Any:
    """What was streamed is there for other threads."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


_pointer: Any = intrinsic(_pointer_to)
_stream: Any = intrinsic(_stream_to)
_settled: Any = intrinsic(_settle)


@njit(nogil=True, inline="always")
def _within(values, n, low, high, flags):  # type: ignore[no-untyped-def]
    for i in range(n):
        flags[i] = (values[i] >= low) & (values[i] <= high)


@njit(nogil=True)
def _pack(flags, words, count):  # type: ignore[no-untyped-def]
    """A byte 0 or 1 per row → a bit per row, eight at a time by one multiplication."""
    eights = flags.view(np.uint64)
    for w in range(count):
        word = np.uint64(0)
        for k in range(8):
            byte = (eights[w * 8 + k] * np.uint64(0x0102040810204080)) >> np.uint64(56)
            word |= byte << np.uint64(8 * k)
        words[w] = word


@njit(nogil=True)
def _bits(address, start, n, words):  # type: ignore[no-untyped-def]
    """Bits from any offset on; nothing behind the last row is read."""
    first, shift = start >> 3, np.uint64(start & 7)
    size = (start + n + 7) // 8 - first
    source = carray(_pointer(address + first, np.uint8), size)
    count = (n + 63) // 64
    for w in range(count):
        at = w * 8
        word = np.uint64(0)
        if at + 9 <= size:
            for k in range(8):
                word |= np.uint64(source[at + k]) << np.uint64(8 * k)
            if shift:
                word >>= shift
                word |= np.uint64(source[at + 8]) << (np.uint64(64) - shift)
        else:
            for k in range(8):
                if at + k < size:
                    byte = np.uint64(source[at + k])
                    place = np.int64(8 * k) - np.int64(shift)
                    if place >= 0:
                        word |= byte << np.uint64(place)
                    else:
                        word |= byte >> np.uint64(-place)
        words[w] = word


@njit(nogil=True, cache=True)
def run(  # type: ignore[no-untyped-def]
    program, constants, columns, height, bits, ints, flags, bits_out, ints_out, tables
):
    """Run ``program`` over ``height`` rows; False if a value was met that it cannot work with.

    ``constants``: two int64 per step. ``tables``: looked-up values, one after the other.
    ``ints``: the registers, at a multiple of 64 bytes. ``ints_out``: addresses, likewise, each of
    room for ``height`` numbers and up to a multiple of eight.
    """
    for start in range(0, height, CHUNK):
        n = min(CHUNK, height - start)
        count = (n + 63) // 64
        for step in range(program.shape[0]):
            what, to, a, b = (
                program[step, 0],
                program[step, 1],
                program[step, 2],
                program[step, 3],
            )
            low, high = constants[step, 0], constants[step, 1]
            if what == AND:
                for w in range(count):
                    bits[to, w] = bits[a, w] & bits[b, w]
            elif what == OR:
                for w in range(count):
                    bits[to, w] = bits[a, w] | bits[b, w]
            elif what == BUT:
                for w in range(count):
                    bits[to, w] = bits[a, w] & ~bits[b, w]
            elif what == NOT:
                for w in range(count):
                    bits[to, w] = ~bits[a, w]
            elif what == ONES:
                for w in range(count):
                    bits[to, w] = np.uint64(0xFFFFFFFFFFFFFFFF)
            elif what == BITS:
                _bits(columns[a, 0], columns[a, 1] + start, n, bits[to])
            elif what == TEST:
                at, kind, first = columns[a, 0], columns[a, 2], columns[a, 1] + start
                if kind == I8:
                    v8 = carray(_pointer(at + first, np.int8), n)
                    _within(v8, n, np.int8(low), np.int8(high), flags)
                elif kind == U8:
                    w8 = carray(_pointer(at + first, np.uint8), n)
                    _within(w8, n, np.uint8(low), np.uint8(high), flags)
                elif kind == I16:
                    v16 = carray(_pointer(at + first * 2, np.int16), n)
                    _within(v16, n, np.int16(low), np.int16(high), flags)
                elif kind == U16:
                    w16 = carray(_pointer(at + first * 2, np.uint16), n)
                    _within(w16, n, np.uint16(low), np.uint16(high), flags)
                elif kind == I32:
                    v32 = carray(_pointer(at + first * 4, np.int32), n)
                    _within(v32, n, np.int32(low), np.int32(high), flags)
                elif kind == U32:
                    w32 = carray(_pointer(at + first * 4, np.uint32), n)
                    _within(w32, n, np.uint32(low), np.uint32(high), flags)
                elif kind == I64:
                    v64 = carray(_pointer(at + first * 8, np.int64), n)
                    _within(v64, n, low, high, flags)
                else:
                    wide = carray(_pointer(at + first * 16, np.int64), n * 2)
                    for i in range(n):
                        flags[i] = (wide[2 * i] >= low) & (wide[2 * i] <= high)
                _pack(flags, bits[to], count)
            elif what == VIEW:
                # A text of at most 12 bytes lies in its view: length, then the bytes.
                at, first = columns[a, 0], columns[a, 1] + start
                texts = carray(_pointer(at + first * 16, np.int64), 2 * n)
                mask, like = program[step, 4], program[step, 5]
                if mask == 0:
                    for i in range(n):
                        flags[i] = (texts[2 * i] & b) == low
                else:
                    long = 0
                    for i in range(n):
                        flags[i] = ((texts[2 * i] & b) == low) & ((texts[2 * i + 1] & mask) == like)
                        long |= (texts[2 * i] & 0xFFFFFFFF) > 12
                    if long and high:
                        return False
                _pack(flags, bits[to], count)
            elif what == BETWEEN:
                _within(ints[a], n, low, high, flags)
                _pack(flags, bits[to], count)
            elif what == LESS:
                for i in range(n):
                    flags[i] = ints[a, i] < ints[b, i]
                _pack(flags, bits[to], count)
            elif what == SAME:
                for i in range(n):
                    flags[i] = ints[a, i] == ints[b, i]
                _pack(flags, bits[to], count)
            elif what == BITS_OUT:
                for w in range(count):
                    bits_out[to, start // 64 + w] = bits[a, w]
            elif what == LOAD:
                at, kind, first = columns[a, 0], columns[a, 2], columns[a, 1] + start
                target = ints[to]
                if kind == I8:
                    l8 = carray(_pointer(at + first, np.int8), n)
                    for i in range(n):
                        target[i] = l8[i] * low
                elif kind == U8:
                    m8 = carray(_pointer(at + first, np.uint8), n)
                    for i in range(n):
                        target[i] = np.int64(m8[i]) * low
                elif kind == I16:
                    l16 = carray(_pointer(at + first * 2, np.int16), n)
                    for i in range(n):
                        target[i] = l16[i] * low
                elif kind == U16:
                    m16 = carray(_pointer(at + first * 2, np.uint16), n)
                    for i in range(n):
                        target[i] = np.int64(m16[i]) * low
                elif kind == I32:
                    l32 = carray(_pointer(at + first * 4, np.int32), n)
                    for i in range(n):
                        target[i] = l32[i] * low
                elif kind == U32:
                    m32 = carray(_pointer(at + first * 4, np.uint32), n)
                    for i in range(n):
                        target[i] = np.int64(m32[i]) * low
                elif kind == I64:
                    l64 = carray(_pointer(at + first * 8, np.int64), n)
                    for i in range(n):
                        target[i] = l64[i] * low
                else:
                    big = carray(_pointer(at + first * 16, np.int64), n * 2)
                    for i in range(n):
                        target[i] = big[2 * i] * low
            elif what == FILL:
                for i in range(n):
                    ints[to, i] = low
            elif what == PUT:
                # ``low`` where the bit of a is set, else what register b says.
                for w in range(count):
                    word = bits[a, w]
                    base = w * 64
                    for j in range(64):
                        take = -np.int64((word >> np.uint64(j)) & np.uint64(1))
                        old = ints[b, base + j]
                        ints[to, base + j] = old ^ ((old ^ low) & take)
            elif what == EITHER:
                # ``low`` where the bit of a is set, else ``high``.
                change = low ^ high
                for w in range(count):
                    word = bits[a, w]
                    base = w * 64
                    for j in range(64):
                        take = -np.int64((word >> np.uint64(j)) & np.uint64(1))
                        ints[to, base + j] = high ^ (change & take)
            elif what == PICK:
                other = program[step, 4]
                for w in range(count):
                    word = bits[a, w]
                    base = w * 64
                    for j in range(64):
                        take = -np.int64((word >> np.uint64(j)) & np.uint64(1))
                        old = ints[other, base + j]
                        ints[to, base + j] = old ^ ((old ^ ints[b, base + j]) & take)
            elif what == ADD:
                for i in range(n):
                    ints[to, i] = ints[a, i] + ints[b, i]
            elif what == SUB:
                for i in range(n):
                    ints[to, i] = ints[a, i] - ints[b, i]
            elif what == MUL:
                for i in range(n):
                    ints[to, i] = ints[a, i] * ints[b, i]
            elif what == LEAST:
                for i in range(n):
                    ints[to, i] = min(ints[a, i], ints[b, i])
            elif what == MOST:
                for i in range(n):
                    ints[to, i] = max(ints[a, i], ints[b, i])
            elif what == SHARE:
                # Half a fen goes away from zero. low: twice the upper number, high: the lower one.
                twice, by = 2 * high, 1.0 / (2 * high)
                large = 0
                for i in range(n):
                    value = ints[a, i]
                    size = abs(value)
                    large |= size > _EXACT // (low + 1)
                    whole = size * low + high
                    part = np.int64(whole * by)
                    rest = whole - part * twice
                    part += np.int64(rest >= twice) - np.int64(rest < 0)
                    ints[to, i] = part if value >= 0 else -part
                if large:
                    return False
            elif what == LOOK:
                # Register a looked up in a table: low its first key, high its length, from b on.
                # Bit register program[step, 4] says in which rows that matters.
                outside = np.int64(0)
                mask = program[step, 4]
                for i in range(n):
                    key = ints[a, i] - low
                    inside = (key >= 0) & (key < high)
                    if not inside:
                        there = (bits[mask, i >> 6] >> np.uint64(i & 63)) & np.uint64(1)
                        outside |= np.int64(there)
                        key = np.int64(0)
                    ints[to, i] = tables[b + key]
                if outside:
                    return False
            elif what == INTS_OUT:
                target_at = ints_out[to] + start * 8
                source_at = ints[a].ctypes.data
                for line in range((n + 7) // 8):
                    _stream(target_at + line * 64, source_at + line * 64)
    _settled()
    return True
