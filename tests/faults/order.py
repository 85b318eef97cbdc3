"""The order of writes, fsyncs and acknowledgements, followed call by call.

An acknowledgement is a promise about the disk, so at that moment nothing that was
written into a segment may lack its fsync, and no name on the way to a segment may
lack the fsync of its folder.  A file system need not show that one is missing; the
order of the calls does.  What a file lacked when its fsync failed, it lacks for ever:
the kernel may have dropped the pages and would call the next fsync a success.
"""

from __future__ import annotations

import re

import msgspec

_SEGMENT = re.compile(r"(?:.*/)?log/\d{20}\.ndjson")
_SYNCS = ("fsync", "fdatasync")
_CHANGES = ("write", "pwrite", "ftruncate", "truncate")


class Call(msgspec.Struct, frozen=True):
    """One line of the shim; ``fault``: it is the call that the fault met."""

    fault: bool
    kind: str
    result: int
    errno: int
    path: str
    second: str


def call_of(line: str) -> Call | None:
    """What a line of a child tells of a call; None for any other line."""
    what, _, rest = line.partition("\t")
    if what not in {"call", "fault"}:
        return None
    kind, result, errno, path, second = rest.split("\t")
    return Call(what == "fault", kind, int(result), int(errno), path, second)


class Order:
    """What lacks an fsync, at any moment of a life.

    ``acknowledged``: names, in order; ``wrong``: what was promised too early.
    """

    def __init__(self, log: str) -> None:
        """``log``: the path of the log's folder, as the calls name it."""
        self.acknowledged: list[str] = []
        self.wrong: list[str] = []
        self._log = log
        self._unsynced: set[str] = set()
        self._names: set[str] = set()
        self._failed: set[str] = set()
        self._own_failed: set[str] = set()  # by the process that lives now

    def follow_all(self, lines: list[str]) -> int:
        """All that a life told; how much it acknowledged after its fault."""
        fired, after = False, 0
        for line in lines:
            call = call_of(line)
            if call:
                fired = fired or call.fault
                if not call.fault:
                    self._follow(call)
            elif line.startswith("ack\t"):
                self._acknowledge(line[4:])
                after += fired
        return after

    def begin_again(self) -> None:
        """Another process goes on with what the last one left.

        It may fsync again; what a file lacked when its fsync failed, it lacks until
        it is written anew.
        """
        self._own_failed.clear()

    def _follow(self, call: Call) -> None:
        if call.kind in _SYNCS:
            self._sync(call)
        elif call.result < 0:
            return
        elif call.kind in _CHANGES:
            self._unsynced.add(call.path)
        elif call.kind in {"create", "mkdir"}:
            self._names.add(call.path)
        elif call.kind == "unlink":
            self._forget(call.path)
        elif call.kind == "rename":
            self._rename(call.path, call.second)

    def _acknowledge(self, name: str) -> None:
        self.acknowledged.append(name)
        lacking = [f"{one} not synced" for one in self._unsynced if _is_segment(one)]
        lacking += [f"name {one} not synced" for one in self._names if self._leads(one)]
        if lacking:
            self.wrong.append(f"{name} acknowledged: {', '.join(sorted(lacking))}")

    def _sync(self, call: Call) -> None:
        if call.path in self._own_failed:
            self.wrong.append(f"{call.kind} of {call.path} again, after it failed")
        if call.result < 0:
            self._failed |= {call.path} & self._unsynced
            self._own_failed |= {call.path} if self._leads(call.path) else set()
        elif call.path not in self._failed:
            self._unsynced.discard(call.path)
            self._names -= {one for one in self._names if _parent(one) == call.path}

    def _forget(self, path: str) -> None:
        for kept in (self._unsynced, self._names, self._failed, self._own_failed):
            kept.discard(path)

    def _rename(self, old: str, new: str) -> None:
        for kept in (self._unsynced, self._failed, self._own_failed):
            if old in kept:
                kept.discard(old)
                kept.add(new)
            else:
                kept.discard(new)
        self._names.discard(old)
        self._names.add(new)

    def _leads(self, path: str) -> bool:
        """Whether a path is a segment's, or of a folder on the way to it."""
        return _is_segment(path) or f"{self._log}/".startswith(f"{path}/")


def _is_segment(path: str) -> bool:
    return _SEGMENT.fullmatch(path) is not None


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
