"""Everything that changes a certification: filing, evidence, deciding, notices, yearly checks."""

from .checks import confirm, leave, open_checks, suspend_overdue
from .deciding import accept, certify, decide_many, hear_appeal, publish, refuse, require, review
from .evidence import LIMIT_BYTES, attach, detach, saw_original
from .filing import appeal, open_case, resubmit, submit, withdraw
from .notices import answer_objection, object_to, refresh_notices
from .reading import log_read

__all__ = [
    "LIMIT_BYTES",
    "accept",
    "answer_objection",
    "appeal",
    "attach",
    "certify",
    "confirm",
    "decide_many",
    "detach",
    "hear_appeal",
    "leave",
    "log_read",
    "object_to",
    "open_case",
    "open_checks",
    "publish",
    "refresh_notices",
    "refuse",
    "require",
    "resubmit",
    "review",
    "saw_original",
    "submit",
    "suspend_overdue",
    "withdraw",
]
