"""Every error lokid raises on purpose.

One tree; each class owns its exit code and a hint that a user can act on::

    LokidError
    |-- UsageError            2   settings, flags, arguments
    |   |-- SettingsError     2
    |   `-- IllegalFlags      2   a managed flag without its parent
    |-- EventRefused          1   an event does not fit a line of the log
    |-- LogDamaged            3   verify or open found damage that is no torn tail
    |-- DaemonMissing        69   a daemon was demanded but none answers
    |   `-- ProtocolMismatch 69   one answers, but speaks another protocol
    |-- WriterExists         73   another process holds the log's lock
    |-- StorageError         74   reading or writing failed; poisoned after fsync
    `-- DiskFull             75   no room; nothing acknowledged, capture resumes

The command line prints ``message`` and ``hint``, nothing else.
"""

from __future__ import annotations


class LokidError(Exception):
    """Base of the tree: a message, a hint, an exit code."""

    exit_code = 1
    hint = ""

    def __init__(self, message: str, hint: str = "") -> None:
        """``hint`` overrides the class's own where more is known."""
        super().__init__(message)
        self.message = message
        self.hint = hint or self.hint


class UsageError(LokidError):
    """An argument makes no sense."""

    exit_code = 2
    hint = "lokictl --help lists commands and options"


class SettingsError(UsageError):
    """A settings file or variable holds a bad value; names the file and key."""

    hint = "lokictl config show prints each setting with its origin"


class IllegalFlags(UsageError):
    """A flag of managed memory is on without the one that it needs."""

    hint = "set the one it needs too, or neither; docs/managed.md has all of them"


class EventRefused(LokidError):
    """An event cannot be a line of the log; nothing of its batch was written."""

    hint = "its source must bound what it reads; report what it says"


class LogDamaged(LokidError):
    """The log is damaged somewhere that is not a torn tail."""

    exit_code = 3
    hint = "lokictl verify names the exact place; nothing was truncated"


class DaemonMissing(LokidError):
    """A daemon was demanded, but none answers."""

    exit_code = 69
    hint = "start one with: lokictl up"


class ProtocolMismatch(DaemonMissing):
    """A daemon answers, but speaks another protocol than this client."""

    hint = "restart it: lokictl down && lokictl up"


class WriterExists(LokidError):
    """Another process writes this log."""

    exit_code = 73
    hint = "lokictl status shows who; one daemon per workspace"


class StorageError(LokidError):
    """The state directory cannot be read or written."""

    exit_code = 74
    hint = (
        "check the disk and the rights of the state directory (lokictl status shows it)"
    )


class DiskFull(LokidError):
    """No room in the state directory; nothing was acknowledged."""

    exit_code = 75
    hint = "free some space; capture goes on by itself"


def in_words(error: BaseException) -> str:
    """Any error as a person reads it: no class and no number where words are known."""
    if isinstance(error, LokidError):
        return error.message
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error or type(error).__name__}"
    return f"unexpected {type(error).__name__}: {error}"
