"""Forms in the product's look: label, help, field, error at the field in Chinese.

`ComponentForm` is the base of every form; `Revised` adds the care for two people who edit one
record; the field functions are the kinds of question that there are.
"""

from .base import ComponentForm, come_from, dress, mark
from .fields import MoneyField, UnitField, WeekField, date_field, long_text
from .revised import Revised

__all__ = [
    "ComponentForm",
    "MoneyField",
    "Revised",
    "UnitField",
    "WeekField",
    "come_from",
    "date_field",
    "dress",
    "long_text",
    "mark",
]
