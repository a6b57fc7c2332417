"""Tables in files: the one way in which every file command reads and writes them.

    good, rejects = read_table(path, SCHEMA)
    …compute…
    write_table(result, out)
    write_rejects(out, rejects)

A file that cannot be used at all raises `TableError`, whose text is one sentence per problem; a
command prints it and ends with status 2, having written nothing. A row that cannot be used is
set aside with its reason and never stops the good ones.
"""

from weiye.engine.tables.reading import read_table, read_text
from weiye.engine.tables.schema import Column, TableError, conform
from weiye.engine.tables.writing import check_target, rejects_path, write_rejects, write_table

__all__ = [
    "Column",
    "TableError",
    "check_target",
    "conform",
    "read_table",
    "read_text",
    "rejects_path",
    "write_rejects",
    "write_table",
]
