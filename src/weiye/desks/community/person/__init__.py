"""A person's page, put together from sections: see `sections` for how another app adds its own."""

from .asked import Asked
from .sections import PLACES, SECTIONS, Section, sections_of

__all__ = ["PLACES", "SECTIONS", "Asked", "Section", "sections_of"]
