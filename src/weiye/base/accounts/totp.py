"""One-time codes of a phone (TOTP, RFC 6238), and the picture that carries their secret there."""

import hashlib
import secrets
from datetime import datetime

import pyotp
import segno

from .rules import rules

ISSUER = "社区微业"


def new_secret() -> str:
    """160 random bits, base 32 (RFC 4226 section 4 asks for so many)."""
    return pyotp.random_base32(32)


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // rules().seconds


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to, within the drift allowed; None if it is wrong."""
    rule = rules()
    maker = pyotp.TOTP(secret, digits=rule.digits, interval=rule.seconds)
    here = step_of(now)
    # All are compared, whichever fits: the time taken tells nothing.
    fits = [
        step
        for step in range(here - rule.drift, here + rule.drift + 1)
        if secrets.compare_digest(maker.generate_otp(step), code)
    ]
    return fits[-1] if fits else None


def address(secret: str, username: str) -> str:
    """The ``otpauth:`` address that authenticator programs read."""
    rule = rules()
    maker = pyotp.TOTP(secret, digits=rule.digits, interval=rule.seconds)
    return maker.provisioning_uri(name=username, issuer_name=ISSUER)


def picture(text: str) -> str:
    """A QR code as a ``data:`` address for an image."""
    return segno.make(text, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")


def grouped(secret: str) -> str:
    """A secret to be typed, in groups of four."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def new_recovery_code() -> str:
    """80 random bits in four groups."""
    text = pyotp.random_base32(32)[:16]
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def recovery_digest(account_id: int, code: str) -> str:
    """What is stored: the code has too many bits to be found by trying."""
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(f"weiye recovery/{account_id}/{plain}".encode()).hexdigest()
