"""Changes to accounts, what they hold, and signing in."""

from ..passwords import check_password_strength
from .institutions import create_institution, registrable, switch_institution
from .keeping import (
    carry_accounts,
    create_account,
    end_sessions,
    forget_residents,
    hand_subject_over,
    keepable,
    lift_lock,
    move_account,
    rename_account,
    reset_password,
    switch_account,
    username_complaint,
)
from .memberships import end_membership, grant_membership, grantable, lasting

__all__ = [
    "carry_accounts",
    "check_password_strength",
    "create_account",
    "create_institution",
    "end_membership",
    "end_sessions",
    "forget_residents",
    "grant_membership",
    "grantable",
    "hand_subject_over",
    "keepable",
    "lasting",
    "lift_lock",
    "move_account",
    "registrable",
    "rename_account",
    "reset_password",
    "switch_account",
    "switch_institution",
    "username_complaint",
]
