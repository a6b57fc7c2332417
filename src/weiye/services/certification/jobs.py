"""Certification in the background."""
