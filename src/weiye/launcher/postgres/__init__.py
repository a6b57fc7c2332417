"""The embedded PostgreSQL: a real server from a Python package, driven by its own programs.

It listens on loopback TCP with passwords and on no socket file, so no path is too long for it. A
keeper process stands over it for as long as anybody holds the shared lock, and stops it after.
"""
