"""What a password must be like, and making one to hand over."""

import secrets
import unicodedata
from difflib import SequenceMatcher

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from .rules import rules

# Nothing that is mistaken for something else on paper.
_SMALL, _CAPITAL, _DIGITS = "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"
_TOO_LIKE = 0.7


def kinds(password: str) -> int:
    """How many of: small letters, capitals, digits, anything else."""
    return sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not (c.islower() or c.isupper() or c.isdigit()) for c in password),
        )
    )


def complaints(password: str, *, username: str = "", name: str = "") -> list[str]:
    """What is wrong with a password, in Chinese; [] if nothing is."""
    rule = rules()
    found = []
    if len(password) < rule.length:
        found.append(f"密码太短，至少要{rule.length}位。")
    elif kinds(password) < (rule.long_kinds if len(password) >= rule.long_length else rule.kinds):
        found.append(
            f"密码太简单：小写字母、大写字母、数字、符号里至少要用{rule.kinds}种；"
            f"或者用{rule.long_length}位以上、至少{rule.long_kinds}种。"
        )
    if len(set(password)) < min(6, rule.length) and not found:
        found.append("密码里重复的字太多，请换一个。")
    try:
        CommonPasswordValidator().validate(password)
    except ValidationError:
        found.append("这个密码太常见，容易被猜到，请换一个。")
    if username and _like(password, username):
        found.append("密码不能和用户名相同或太像。")
    elif name and len(name) > 1 and _plain(name) in _plain(password):
        found.append("密码里不能有自己的姓名。")
    return found


def check_password_strength(password: str, *, username: str = "", name: str = "") -> None:
    """Raise ``ValidationError`` with Chinese sentences for a weak password."""
    if found := complaints(password, username=username, name=name):
        raise ValidationError(found)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _like(password: str, username: str) -> bool:
    a, b = _plain(password), _plain(username)
    inside = len(b) >= 4 and (b in a or b[::-1] in a)
    return inside or SequenceMatcher(None, a, b).ratio() >= _TOO_LIKE


def temporary_password() -> str:
    """A password to hand over on paper: three groups, easy to read and to type."""
    letters = [
        secrets.choice(_CAPITAL),
        secrets.choice(_DIGITS),
        *(secrets.choice(_SMALL + _DIGITS) for _ in range(10)),
    ]
    secrets.SystemRandom().shuffle(letters)
    text = "".join(letters)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"
