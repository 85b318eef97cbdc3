"""What a traced process asked of the file system: strace's lines as calls.

Run it with `COMMAND`; every path is then in the line, also of a file descriptor.
A call that another thread's line interrupts is two lines; it begins at the first
and ends at the second.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Iterator

import msgspec

WRITES = ("write", "pwrite64", "writev", "pwritev", "ftruncate", "sendto", "sendmsg")
SYNCS = ("fsync", "fdatasync")
NAMES = ("open", "openat", "creat", "truncate", "mkdir", "mkdirat")
MOVES = ("rename", "renameat", "renameat2", "link", "linkat")
GONE = ("unlink", "unlinkat", "rmdir")
# Those with a question mark are not on every machine; strace passes them by.
_TRACED = ",".join(f"?{name}" for name in (*WRITES, *SYNCS, *NAMES, *MOVES, *GONE))
COMMAND = ("strace", "-f", "-y", "-qq", "--seccomp-bpf", "-e", "signal=none", "-s48")
TRACE = ("-e", f"trace={_TRACED}")

_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(.*)")
_HANDLE = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Call(msgspec.Struct, kw_only=True):
    """One call.

    ``handle`` is the path of its first descriptor, ``paths`` those it names, ``text``
    the begin of what it wrote, ``failed`` why it did not happen.
    """

    name: str
    handle: str = ""
    paths: tuple[str, ...] = ()
    text: str = ""
    flags: str = ""
    failed: str = ""


Edge = tuple[bool, Call]
"""A call that begins (False) or has ended (True)."""


def edges(lines: Iterable[str]) -> Iterator[Edge]:
    """Begins and ends of calls, in the order in which strace saw them."""
    unfinished: dict[str, str] = {}
    begun: dict[str, Call] = {}
    for line in lines:
        found = _LINE.match(line)
        if not found:
            continue
        pid, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            unfinished[pid] = rest.removesuffix("<unfinished ...>").rstrip()
            call = _call(f"{unfinished[pid].rstrip(', ')}) = 0")
            if call is not None:
                begun[pid] = call
                yield False, call
            continue
        resumed = _RESUMED.match(rest)
        if resumed:
            whole = _call(unfinished.pop(pid, "") + resumed[1])
            first = begun.pop(pid, None)
            if whole is not None and first is not None:
                first.failed = whole.failed
                yield True, first
            continue
        call = _call(rest)
        if call is not None:
            yield False, call
            yield True, call


def _call(text: str) -> Call | None:
    found = _CALL.match(text)
    if not found:
        return None
    name, arguments, result, more = found.groups()
    handles = _HANDLE.findall(arguments)
    texts = _TEXT.findall(arguments)
    call = Call(
        name=name,
        handle=handles[0] if handles else "",
        flags=arguments.rpartition('"')[2],
        failed=more.strip() if result == "-1" else "",
    )
    if name in WRITES:
        call.text = texts[0] if texts else ""
    elif name not in SYNCS:
        bases = handles or [""]
        pairs = zip(texts, [*bases, bases[-1]], strict=False)
        call.paths = tuple(os.path.join(base, path) for path, base in pairs)  # noqa: PTH118  text, not files
    return call
