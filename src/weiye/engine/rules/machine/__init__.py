"""A second back end for the sweep: rules as steps of a small machine over chunks of rows."""

from .machine import Machine

__all__ = ["Machine"]
