"""管理台: units, accounts, log, packs and upkeep, for those who keep an area's system in order.

One folder per subject, each with `urls.py`, `views.py` and `nav.py` (its entries in the menu).
"""
