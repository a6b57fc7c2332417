"""Filters of the integrity page."""

from django import template

from weiye.base.integrity.queries import Report

register = template.Library()

_TONES = {"severe": "wy-badge-red", "warning": "wy-badge-amber", "note": "wy-badge-blue"}


@register.filter
def tone(severity: str) -> str:
    return _TONES.get(severity, "")


@register.filter
def broken(report: Report, severity: str) -> int:
    """How many checks of a severity found something."""
    return report.count(severity)


@register.filter
def less(value: int) -> int:
    return -value
