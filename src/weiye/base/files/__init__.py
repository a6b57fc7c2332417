"""Files that people upload or that jobs make: encrypted, fenced, in the database.

In the database, so that a backup holds them and several web machines see them (decision 0004).
"""
