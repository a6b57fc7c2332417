"""Behind ``./weiye``: from a bare machine with Python to a running system, and the way back.

Standard library only, because it runs before anything is installed. Every step looks first whether
its result is there already (a stamp holds the digest of what it was made from), writes its result
under a temporary name, and can be killed at any moment and started again.
"""
