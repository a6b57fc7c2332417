"""YAML read strictly: every error names its file and line; every key is asked for or refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml


class PackError(ValueError):
    """A pack that cannot be used. ``str()`` begins with ``file:line:`` where there is a line."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Entry:
    """A place in a YAML file. Scalars are read as they are written, without YAML's guesses."""

    node: yaml.Node
    file: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.node.start_mark.line + 1}"

    def error(self, message: str) -> PackError:
        return PackError(message, where=self.where)

    # Shapes ----------------------------------------------------------------------------------

    def table(self, required: str = "", optional: str = "", *, free: bool = False) -> "Table":
        """A mapping with these keys (space-separated); ``free``: any keys."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("expected a mapping (key: value)")
        found: dict[str, Entry] = {}
        for key, value in self.node.value:
            name = Entry(key, self.file)
            if not isinstance(key, yaml.ScalarNode):
                raise name.error("expected a plain key")
            if key.value in found:
                raise name.error(f"the key {key.value!r} occurs twice")
            if not free and key.value not in required.split() + optional.split():
                raise name.error(f"unknown key {key.value!r}")
            found[key.value] = Entry(value, self.file)
        for wanted in required.split():
            if wanted not in found:
                raise self.error(f"the key {wanted!r} is missing")
        return Table(self, found)

    def items(self) -> "list[Entry]":
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error("expected a list (- item)")
        return [Entry(item, self.file) for item in self.node.value]

    # Scalars ---------------------------------------------------------------------------------

    def text(self) -> str:
        node = self.node
        plain_null = isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
        if not isinstance(node, yaml.ScalarNode) or plain_null or not node.value.strip():
            raise self.error("expected a text")
        return str(node.value).strip()

    def day(self) -> date:
        written = self.text()
        if _DAY.fullmatch(written):
            try:
                return date.fromisoformat(written)
            except ValueError:
                pass
        raise self.error(f"expected a date YYYY-MM-DD, not {written!r}")

    def whole(self, *, least: int = 0) -> int:
        written = self.text()
        if not re.fullmatch(r"-?\d{1,15}", written) or int(written) < least:
            raise self.error(f"expected a whole number of {least} or more, not {written!r}")
        return int(written)

    def yuan(self) -> Decimal:
        written = self.text()
        try:
            amount = Decimal(written)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0 or amount != round(amount, 2):
            raise self.error(f"expected an amount in yuan, not {written!r}")
        return amount

    def truth(self) -> bool:
        written = self.text()
        if written not in _WORDS:
            raise self.error(f"expected true or false, not {written!r}")
        return _WORDS[written]

    def one_of(self, *choices: str) -> str:
        written = self.text()
        if written not in choices:
            raise self.error(f"expected one of {', '.join(choices)}, not {written!r}")
        return written

    def column(self, offset: int) -> str:
        """Where the ``offset``-th character (1-based) of a scalar is, as well as can be told."""
        assert isinstance(self.node, yaml.ScalarNode)
        line = self.node.start_mark.line + 1
        if self.node.style in ("|", ">"):
            line += 1 + self.node.value[: offset - 1].count("\n")
        return f"{self.file}:{line}"


@dataclass(frozen=True)
class Table:
    entry: Entry
    found: dict[str, Entry]

    def __getitem__(self, key: str) -> Entry:
        return self.found[key]

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(self.found.items())

    def get(self, key: str) -> Entry | None:
        return self.found.get(key)


def read_yaml(path: Path, shown: str) -> Entry:
    """The root of one file; ``shown`` is its name in messages."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"cannot be read: {error}", where=shown) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = shown if mark is None else f"{shown}:{mark.line + 1}"
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise PackError(f"not well-formed YAML: {problem}", where=where) from None
    if node is None:
        raise PackError("the file is empty", where=f"{shown}:1")
    return Entry(node, shown)
