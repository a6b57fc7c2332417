"""合并与拆分: two rows that are one person become one, and can become two again.

Neither history is lost: what belongs to the row that goes moves to the one that stays; what cannot
stand beside it (two open files, periods that overlap) is set aside, sealed, with the row itself.
"""
