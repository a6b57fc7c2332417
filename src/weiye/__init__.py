"""Weiye 社区微业: community employment service for a province."""

__version__ = "0.1.0"
