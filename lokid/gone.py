"""Why a daemon that was asked gave no answer, in words."""

from __future__ import annotations

from http.client import HTTPException

from msgspec import DecodeError

from lokid.errors import DaemonMissing, in_words


def gone(error: Exception) -> DaemonMissing:
    """What a client raises for what its connection met."""
    return DaemonMissing(f"the daemon does not answer: {_why(error)}")


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "not in time"
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return "nobody listens on its socket"
    if isinstance(error, ConnectionError | HTTPException):
        return "it hung up"
    if isinstance(error, DecodeError):
        return "what it said is no answer"
    return in_words(error)
