"""The expression language of the rules: text → tree.

Small on purpose: no assignment, no loops but ``any``/``all``/``count``/``sum`` over one list, no
way to reach anything outside the facts. Nothing is ever handed to ``eval``. ``docs/rules.md`` is
its manual.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .errors import RuleError

MAX_LENGTH = 4000
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Literal:
    value: bool | int | Decimal | str | date
    column: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A fact, a term, a bound variable, or ``today``."""

    name: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """``owner.name``: a parameter (``param.x``), a field of an item, a fact of a member."""

    owner: str
    name: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    of: "Node"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` / ``or`` of two or more."""

    op: str
    parts: "tuple[Node, ...]"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    op: str
    left: "Node"
    right: "Node"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """``left in [a, b]``; the options are literals."""

    left: "Node"
    options: tuple[Literal, ...]
    column: int = 0


@dataclass(frozen=True, slots=True)
class IsNone:
    of: "Node"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: str
    left: "Node"
    right: "Node"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """``then if condition else otherwise``."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: "tuple[Node, ...]"
    column: int = 0


@dataclass(frozen=True, slots=True)
class Over:
    """``function(body for variable in source if condition)``."""

    function: str
    body: "Node"
    variable: str
    source: "Name | Field"
    condition: "Node | None"
    column: int = 0


Node = (
    Literal
    | Name
    | Field
    | Not
    | Logic
    | Compare
    | Within
    | IsNone
    | Arithmetic
    | Choice
    | Call
    | Over
)


def parts_of(node: Node) -> "tuple[Node, ...]":
    """The nodes directly inside."""
    match node:
        case Not() | IsNone():
            return (node.of,)
        case Logic():
            return node.parts
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Within():
            return (node.left,)
        case Choice():
            return (node.condition, node.then, node.otherwise)
        case Call():
            return node.arguments
        case Over():
            return (node.body, node.source, *((node.condition,) if node.condition else ()))
        case _:
            return ()


def shape(node: object) -> object:
    """What a node says, wherever it stands: equal for two that say the same."""
    if isinstance(node, tuple):
        return tuple(shape(part) for part in node)
    if not is_dataclass(node):
        return (type(node), node)  # 1 is not true
    names = (each.name for each in fields(node) if each.name != "column")
    return (type(node), *(shape(getattr(node, name)) for name in names))


QUANTIFIERS = frozenset({"any", "all", "count", "sum"})
KEYWORDS = QUANTIFIERS | {"and", "or", "not", "in", "is", "none", "true", "false"}
KEYWORDS |= {"for", "if", "else", "param", "today", "household"}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<date>\d{4}-\d{2}-\d{2}(?!\d))
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<text>'[^'\\\n]*'|"[^"\\\n]*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark><=|>=|==|!=|[<>()\[\],.+*\-])""",
    re.VERBOSE,
)
_MARKS = frozenset({"<", "<=", ">", ">=", "==", "!="})


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise RuleError(f"unexpected character {text[at]!r}", column=at + 1)
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(_Token(kind, match.group(), at + 1))
        at = match.end()
    found.append(_Token("end", "", len(text) + 1))
    return found


def parse(text: str) -> Node:
    """The tree of one expression; `RuleError` with its column if it is not well formed."""
    if len(text) > MAX_LENGTH:
        raise RuleError(f"an expression of more than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text))
    node = parser.choice()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        return self.here.kind in ("name", "mark") and self.here.text in texts

    def accept(self, *texts: str) -> _Token | None:
        return self.take() if self.sees(*texts) else None

    def expect(self, text: str) -> _Token:
        token = self.accept(text)
        if token is None:
            raise self.surprise(f"expected {text!r}")
        return token

    def expect_end(self) -> None:
        if self.here.kind != "end":
            raise self.surprise("expected an operator or the end")

    def surprise(self, wanted: str) -> RuleError:
        got = repr(self.here.text) if self.here.kind != "end" else "the end"
        return RuleError(f"{wanted}, found {got}", column=self.here.column)

    def identifier(self) -> _Token:
        if self.here.kind != "name" or self.here.text in KEYWORDS:
            raise self.surprise("expected a name")
        return self.take()

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RuleError("an expression nested too deeply", column=self.here.column)
        node = self.disjunction()
        if (mark := self.accept("if")) is not None:
            condition = self.disjunction()
            self.expect("else")
            node = Choice(condition, node, self.choice(), mark.column)
        self.depth -= 1
        return node

    def disjunction(self) -> Node:
        return self.logic("or", self.conjunction)

    def conjunction(self) -> Node:
        return self.logic("and", self.negation)

    def logic(self, word: str, part: Callable[[], Node]) -> Node:
        column = self.here.column
        parts = [part()]
        while self.accept(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Logic(word, tuple(parts), column)

    def negation(self) -> Node:
        if (mark := self.accept("not")) is None:
            return self.comparison()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RuleError("an expression nested too deeply", column=mark.column)
        node = Not(self.negation(), mark.column)
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        left = self.sum()
        found: list[Node] = []
        while True:
            mark = self.here
            if self.sees(*_MARKS):
                self.take()
                right = self.sum()
                found.append(Compare(mark.text, left, right, mark.column))
                left = right  # a <= b <= c reads as in mathematics
            elif self.accept("in"):
                found.append(Within(left, self.options(), mark.column))
                break
            elif self.sees("not") and self.tokens[self.at + 1].text == "in":
                self.at += 2
                found.append(Not(Within(left, self.options(), mark.column), mark.column))
                break
            elif self.accept("is"):
                negated = self.accept("not") is not None
                self.expect("none")
                test = IsNone(left, mark.column)
                found.append(Not(test, mark.column) if negated else test)
                break
            else:
                break
        if not found:
            return left
        return found[0] if len(found) == 1 else Logic("and", tuple(found), found[0].column)

    def options(self) -> tuple[Literal, ...]:
        mark = self.expect("[")
        options: list[Literal] = []
        while not self.sees("]"):
            option = self.atom()
            if not isinstance(option, Literal):
                raise RuleError("a list after 'in' holds plain values only", column=mark.column)
            options.append(option)
            if not self.accept(","):
                break
        self.expect("]")
        if not options:
            raise RuleError("an empty list after 'in'", column=mark.column)
        return tuple(options)

    def sum(self) -> Node:
        node = self.product()
        while (mark := self.accept("+", "-")) is not None:
            node = Arithmetic(mark.text, node, self.product(), mark.column)
        return node

    def product(self) -> Node:
        node = self.atom()
        while (mark := self.accept("*")) is not None:
            node = Arithmetic("*", node, self.atom(), mark.column)
        return node

    def atom(self) -> Node:
        token = self.here
        if token.kind == "date":
            self.take()
            try:
                return Literal(date.fromisoformat(token.text), token.column)
            except ValueError:
                raise RuleError(f"no such day: {token.text}", column=token.column) from None
        if token.kind == "number":
            self.take()
            number = Decimal(token.text) if "." in token.text else int(token.text)
            return Literal(number, token.column)
        if token.kind == "text":
            self.take()
            return Literal(token.text[1:-1], token.column)
        if self.accept("("):
            node = self.choice()
            self.expect(")")
            return node
        if self.accept("-"):
            number_token = self.here
            inner = self.atom()
            if isinstance(inner, Literal) and isinstance(inner.value, int | Decimal):
                return Literal(-inner.value, token.column)
            raise RuleError("a minus sign stands before a number only", column=number_token.column)
        if (word := self.accept("true", "false")) is not None:
            return Literal(word.text == "true", token.column)
        if token.kind != "name":
            raise self.surprise("expected a value")
        if token.text in QUANTIFIERS:
            return self.over()
        if self.accept("param"):
            self.expect(".")
            return Field("param", self.identifier().text, token.column)
        if self.accept("today"):
            return Name("today", token.column)
        return self.reference()

    def reference(self) -> Node:
        token = self.identifier()
        if self.accept("("):
            arguments: list[Node] = []
            while not self.sees(")"):
                arguments.append(self.choice())
                if not self.accept(","):
                    break
            self.expect(")")
            return Call(token.text, tuple(arguments), token.column)
        if self.accept("."):
            if self.here.kind != "name":  # a field may bear a keyword's name
                raise self.surprise("expected a field")
            return Field(token.text, self.take().text, token.column)
        return Name(token.text, token.column)

    def over(self) -> Node:
        function = self.take()
        self.expect("(")
        body = self.choice()
        self.expect("for")
        variable = self.identifier().text
        self.expect("in")
        source: Name | Field
        if (word := self.accept("household")) is not None:
            source = Name("household", word.column)
        else:
            named = self.reference()
            if not isinstance(named, Name | Field):
                raise RuleError("expected a list", column=function.column)
            source = named
        condition = self.choice() if self.accept("if") else None
        self.expect(")")
        return Over(function.text, body, variable, source, condition, function.column)
