"""Is the log still as it was written?"""

from .checking import verify
from .report import Finding, Progress, Report, What

__all__ = ["Finding", "Progress", "Report", "What", "verify"]
