"""Columns as they lie in memory, in and out, without copies: Arrow's C data interface."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl


class _Array(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private", ctypes.c_void_p),
    )


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_char_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private", ctypes.c_void_p),
    )


_NULLABLE: Final = 2
_KEPT: Final = 2  # an answer is asked for while the one before is still held
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_lent: dict[int, Any] = {}  # what Polars still reads, by number
_numbers = itertools.count(1)


def _done(address: int) -> None:
    array = _Array.from_address(address)
    _lent.pop(array.private, None)
    array.release = None


def _nothing(address: int) -> None:
    _Schema.from_address(address).release = None


_DONE, _NOTHING = _RELEASE(_done), _RELEASE(_nothing)
for _thunk in (_DONE, _NOTHING):
    # Polars may call them when Python is already taking down its modules: they are never freed.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_thunk))


class Borrowed:
    """Where a series has its values and validity bits (0: nothing is null), from ``offset`` on.

    Good until `give_back`: Polars may have made some of it for this loan alone. A series in
    several pieces is joined first; Enum texts are codes, decimals whole numbers of 16 bytes.
    """

    def __init__(self, series: pl.Series) -> None:
        series = series.to_physical()
        if series.n_chunks() != 1:
            series = series.rechunk()
        self._array, self._schema = _Array(), _Schema()
        series._export_arrow_to_c(ctypes.addressof(self._array), ctypes.addressof(self._schema))
        self.validity: int = self._array.buffers[0] or 0
        self.values: int = self._array.buffers[1] or 0
        self.offset: int = self._array.offset

    def give_back(self) -> None:
        for lent in (self._array, self._schema):
            if lent.release:
                _RELEASE(lent.release)(ctypes.addressof(lent))


class Room:
    """``rows`` of int64 that begin, and whose memory ends, at multiples of 64 bytes.

    When nobody holds the room any more its memory is put into ``free``.
    """

    def __init__(self, free: list[npt.NDArray[np.int64]], count: int, width: int) -> None:
        full = -(-width // 8) * 8
        size = count * full + 8
        self._free = free
        self._memory = free.pop() if free else np.empty(size, dtype=np.int64)
        if len(self._memory) < size:
            self._memory = np.empty(size, dtype=np.int64)
        first = -self._memory.ctypes.data % 64 // 8
        self.rows = self._memory[first : first + count * full].reshape(count, full)

    def __del__(self) -> None:
        if len(self._free) < _KEPT:
            self._free.append(self._memory)


class Rooms:
    """Rooms whose memory is used again: to have the system hand out new memory for each block
    takes longer than the answers."""

    def __init__(self) -> None:
        self._free: list[npt.NDArray[np.int64]] = []

    def room(self, count: int, width: int) -> Room:
        return Room(self._free, count, width)


@dataclass(frozen=True, slots=True)
class _Offered:
    """What Polars takes an array from; it moves the two structures out."""

    array: _Array
    schema: _Schema

    def __arrow_c_array__(self, _schema: object = None) -> tuple[Any, Any]:
        return (
            _capsule(ctypes.addressof(self.schema), b"arrow_schema", None),
            _capsule(ctypes.addressof(self.array), b"arrow_array", None),
        )


_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


def lent(
    name: str,
    dtype: pl.DataType,
    length: int,
    validity: np.ndarray,
    values: np.ndarray,
    owner: object = None,
) -> pl.Series:
    """A Boolean (bits) or Int64 series over memory of ours, which ``owner`` keeps meanwhile."""
    buffers = (ctypes.c_void_p * 2)(validity.ctypes.data, values.ctypes.data)
    number = next(_numbers)
    array = _Array(length=length, null_count=-1, offset=0, n_buffers=2, private=number)
    array.buffers = ctypes.cast(buffers, ctypes.POINTER(ctypes.c_void_p))
    array.release = ctypes.cast(_DONE, ctypes.c_void_p)
    code = b"b" if dtype == pl.Boolean else b"l"
    schema = _Schema(format=code, name=b"", flags=_NULLABLE)
    schema.release = ctypes.cast(_NOTHING, ctypes.c_void_p)
    _lent[number] = (buffers, validity, values, schema, owner)
    return pl.Series(_Offered(array, schema)).alias(name)
