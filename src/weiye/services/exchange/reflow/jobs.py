"""Data reflow in the background."""
