"""Linkage in the background."""
