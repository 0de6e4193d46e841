"""What a runtime raises for the host to report."""
from __future__ import annotations

INVALID, UNSUPPORTED = 2, 3  # as SAGE_INVALID and SAGE_UNSUPPORTED


class Unsupported(Exception):
    """The runtime cannot do that; the text says what it can."""


def one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
