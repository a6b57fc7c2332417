"""Thirty benefit-like policies, their people, and how each engine is asked: see bench/rules.py."""
