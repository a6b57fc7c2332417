"""Seeded, synthetic residents, households, firms, vacancies and classes in real communities.

`simulate` turns communities and assumptions (data of a jurisdiction) into frames, `stream` does so
block by block; `departments` makes rosters of them with the errors of offices. The same seed gives
the same frames, byte for byte. Nobody in them is real, and nobody can be taken for real:

- ID numbers lie in the area code 3799xx. GB/T 2260 has no prefecture 99: the second pair of digits
  is 01–20 and 51–70 for cities, 21–50 for prefectures, 90 for counties under the province.
- Phone numbers begin with 20 (2000 for the first ten million): eleven digits in all, where mobile
  numbers begin with 1 and fixed lines with an area code's 0.
- Credit codes bear the registering authority 379900, which does not exist for the same reason.
"""

from .blocks import stream
from .places import Place
from .society import Society, simulate

__all__ = ["Place", "Society", "simulate", "stream"]
