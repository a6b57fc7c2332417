"""Takes personal data out of whatever is about to be logged.

Fails closed: code and log sentences are English, so a run of Chinese in a log line is a user's
sentence or somebody's data, and both are left out. What the database says of a failed statement is
cut down to what names the fault: its details and its copy of the statement hold the values.
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "[…]"

# Keys under which a value is never logged, whatever it looks like.
PRIVATE = frozenset(
    {
        "name", "actor_name", "account_name", "worker_name", "person_name", "username", "contact",
        "id_number", "idnumber", "id_card", "phone", "mobile", "telephone", "tel", "address",
        "birth_date", "birthday", "email", "note", "comment", "reason", "password", "passwd",
        "secret", "token", "key", "cookie", "authorization", "sessionid", "session_key",
        "csrfmiddlewaretoken", "code", "q", "query", "body", "params", "args", "kwargs",
    }
)  # fmt: skip

_IN_TEXT = re.compile(
    r"""(?ix) (?P<key> ["']? \b (?: actor_name | account_name | worker_name | person_name | username
        | (?<![\w.]) name | contact | id_?number | id_card | phone(?:_index)? | mobile | telephone
        | address | birth_date | birthday | email | note | comment | id_index | password | passwd
        | secret | token | sessionid | csrfmiddlewaretoken ) \b ["']? \s* [=:] \s* )
        (?P<value> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;)}\]&'"]+ )"""
)
# Longest first. `\d` takes full-width digits too.
_NUMBERS = re.compile(
    r"""(?x)
      (?<!\d) \d{6}[ -]\d{8}[ -]\d{3}[\dXxＸｘ] (?!\d)                    # ID number in groups
    | (?<!\d) (?:\d{4}[ -]){3,4}\d{1,7} (?!\d)                           # bank card in groups
    | (?<!\d) \d{14,}[XxＸｘ]? (?![\dA-Za-z])                            # ID number, bank card
    | (?<!\d) (?:(?:\+|00)?86[ -]?)? 1\d{2}[ -]?\d{4}[ -]?\d{4} (?!\d)    # mobile phone
    | (?<!\d) \d{11} (?!\d)
    | (?<!\d) \(?0\d{2,3}\)?[ -]\d{7,8} (?!\d)                           # telephone
    """
)
_CHINESE = re.compile(
    r"[\u2e80-\u303f\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"""'[^'\n]*'|"[^"\n]*\"""")
_QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"<>]+")
# From PostgreSQL: the lines that repeat values, and the statement with its literals.
_DETAILS = re.compile(
    r"(?ms)^\s*(?:DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+)\s*:.*?(?=^\s*(?:HINT|Traceback)\b|\Z"
    r"|^\s*$|^\S+(?:Error|Exception|Violation)\b)"
)
_INVALID = re.compile(r"(?m)((?:invalid|out of range|malformed)[^\n\"]*\")[^\n]*")


def text(value: str) -> str:
    """The text without what may be personal data."""
    value = _DETAILS.sub("", value)
    value = _INVALID.sub(r"\1" + MASK, value)
    value = _IN_TEXT.sub(lambda found: found["key"] + MASK, value)
    value = _QUERY.sub("?" + MASK, value)
    value = _MAIL.sub(MASK, value)
    value = _NUMBERS.sub(MASK, value)
    return _CHINESE.sub(MASK, value)


def anything(value: Any) -> Any:
    """The same for what a log call was given: numbers stay if they are small, objects by type."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**10 else MASK
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return MASK
    if isinstance(value, Mapping):
        return mapping(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [anything(each) for each in value]
    return text(str(value))


def mapping(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        text(str(key)): MASK if str(key).lower() in PRIVATE else anything(value)
        for key, value in values.items()
    }


def error(problem: BaseException) -> str:
    """What an exception says, scrubbed; of the database's errors what names the fault."""
    diagnosis = getattr(problem, "diag", None) or getattr(problem.__cause__, "diag", None)
    if diagnosis is not None and getattr(diagnosis, "sqlstate", None):
        named = {
            "sqlstate": diagnosis.sqlstate,
            "table": diagnosis.table_name,
            "column": diagnosis.column_name,
            "constraint": diagnosis.constraint_name,
        }
        told = " ".join(f"{key}={value}" for key, value in named.items() if value)
        return f"{text((diagnosis.message_primary or '').splitlines()[0])} ({told})"
    said = text(str(problem))
    # These name parts of the program; what others quote is what somebody sent.
    if isinstance(problem, AttributeError | TypeError | NameError | ImportError):
        return said
    return _QUOTED.sub(MASK, said)
