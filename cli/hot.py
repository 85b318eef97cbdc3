"""The hot path: ``context``, ``check`` and ``fix`` at the cost of a start.

They run before every prompt, before every action and after every failure, so
this imports nothing but `os`, `sys`, `time`, `_socket`, ``cli/wire.py``,
``lokid/where.py`` and ``lokid/peer.py`` (no click, json, re, socket, msgspec,
pathlib, typing; a test compares `sys.modules` with that list).  The daemon renders
the text, ``--json`` too; this copies it.

`run` answers in one of two ways.  It printed the answer: an exit code.  Or this
is not its business: None, and the caller goes on to click.  That is so for
every other command and for arguments it does not know or that make no sense.
For ``context`` it is so too when no daemon of our protocol gives a whole answer:
the daemon is an accelerator, and the block is there without it.  ``check`` and
``fix`` are silent then: they stand in the way of an action, and what takes a
second is worth less there than nothing.  They end with 0 whatever happens.

The deadline covers everything from the first line of `run` on (for an error
that is read from standard input, from its end on).  When it passes, the answer
is empty and says ``stale`` (``context`` on standard error, each of them in
the object of ``--json``): that we could not look is told apart from "nothing
there".
"""

from __future__ import annotations

import os
import time

from cli import wire
from lokid import flags, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT, CHECK, FIX = "context", "check", "fix"
DEADLINES_MS = {CONTEXT: 150, CHECK: 50, FIX: 50}
LONGEST_MS = 3_600_000
MANAGED_SECONDS = 5.5
"""For managed stores, beyond the deadline: the daemon's own clock is 5 s."""
GOAL_BYTES = 4096
"""Of any text but an error: what is longer is cut."""
ERROR_BYTES = 16384
"""Of an error, percent-encoded: its end is sent, the head of a request is small."""
NO_DAEMON = b"no daemon answered"

_FLAGS = {
    CONTEXT: ("--json", "--strict", "--mark", "--no-managed"),
    CHECK: ("--json",),
    FIX: ("--json",),
}
_ASKED = {
    CONTEXT: ("--goal", "--phase", "--iteration", "--now"),
    CHECK: (
        "--command",
        "--tool",
        "--file",
        "--session",
        "--iteration",
        "--phase",
        "--now",
    ),
    FIX: ("--command", "--exit-code", "--session", "--iteration", "--now"),
}
_WORKSPACE = "--workspace"
_COMMON = ("--deadline", _WORKSPACE)
_NUMBERS = ("--deadline", "--iteration", "--exit-code")
_HEAD = b'{"schema":1,"as_of_seq":0,"stale":%s,"reason":"%s","text":"",'
_NOTHING = {
    CONTEXT: b'"lines":[],"left_out":0,"bytes":0}\n',
    CHECK: b'"head":null,"lessons":[],"bytes":0}\n',
    FIX: b'"head":null,"lessons":[],"bytes":0}\n',
}
_DIGITS = 9
_BLOCK = 65536
_WRITE_SECONDS = 5.0
_GO_ON = -1
_USAGE, _NOT_THERE, _BROKEN = 2, 69, 74

Options = dict[str, str]


def run(argv: list[str], environ: Mapping[str, str]) -> int | None:
    """Print the answer and return the exit code, or None: go on with click."""
    begun = time.monotonic()
    parsed = _parse(argv)
    if parsed is None:
        return None
    name, options = parsed
    early = _early(name, options, environ)
    if early != _GO_ON:
        return early
    target = _target(name, options, environ)
    if options.get("--error") == "-":
        begun = time.monotonic()
    given = int(options.get("--deadline", DEADLINES_MS[name]))
    milliseconds = min(given, LONGEST_MS)
    ends = begun + milliseconds / 1000
    try:
        reply = wire.ask(options.get(_WORKSPACE), environ, target, ends)
    except TimeoutError:
        return _missed(name, options, b"no answer within %d ms" % milliseconds)
    except (OSError, ValueError):
        reply = None
    if reply is not None:
        code = _print(name, options, *reply)
        if name == CONTEXT and flags.is_on(environ, flags.MEMORY):
            _print_related(options, environ)
        return code
    return None if name == CONTEXT else _empty(name, options, b"true", NO_DAEMON)


def _early(name: str, options: Options, environ: Mapping[str, str]) -> int | None:
    """What needs no daemon: refused flags, no folder, a memory that is off."""
    illegal = flags.problem(environ)
    if illegal:
        return _refuse(name, illegal)
    if not _is_folder(options):
        return None if name == CONTEXT else 0
    if environ.get("LOKI_FAILURE_MEMORY") == "0":
        return _empty(name, options, b"false", b"knob off")
    return _GO_ON


def _refuse(name: str, illegal: str) -> int:
    """Flags that contradict each other: 2, but never in the way of an action."""
    if name != CONTEXT:
        return 0
    _write(2, illegal.encode() + b"\n")
    return _USAGE


def _print(name: str, options: Options, head: dict[bytes, bytes], body: bytes) -> int:
    stale = head.get(b"x-lokid-stale") == b"1" and "--json" not in options
    if stale and name == CONTEXT:
        _write(2, b"lokid: stale: " + head.get(b"x-lokid-reason", b"unknown") + b"\n")
    code = _write(1, body)
    return code if "--strict" in options else 0


def _print_related(options: Options, environ: Mapping[str, str]) -> None:
    """What managed stores know of the goal, after all that is local was printed."""
    goal = options.get("--goal")
    if not goal or "--no-managed" in options or "--json" in options:
        return
    target = f"/managed/context?goal={wire.head_of(goal, GOAL_BYTES)}"
    ends = time.monotonic() + MANAGED_SECONDS
    try:
        reply = wire.ask(options.get(_WORKSPACE), environ, target, ends)
    except (OSError, ValueError):  # TimeoutError is one: the daemon tells of it
        return
    if reply is not None:
        _write(1, reply[1])


def _missed(name: str, options: Options, reason: bytes) -> int:
    """The daemon did not answer in time: an empty answer that says so."""
    if name == CONTEXT and "--json" not in options:
        _write(2, b"lokid: stale: " + reason + b"\n")
    _empty(name, options, b"true", reason)
    return _NOT_THERE if "--strict" in options else 0


def _empty(name: str, options: Options, stale: bytes, reason: bytes) -> int:
    """Nothing to say: no text, or an object of the usual shape."""
    code = 0
    if "--json" in options:
        code = _write(1, _HEAD % (stale, reason) + _NOTHING[name])
    return code if "--strict" in options else 0


def _parse(argv: list[str]) -> tuple[str, Options] | None:
    """The command and its options, or None where click should look."""
    options: Options = {}
    command = ""
    rest = iter(argv)
    for word in rest:
        name, given, value = word.partition("=")
        if word[:2] == "-C":
            name, given, value = _WORKSPACE, word[2:], word[2:]
        if not command and word in _FLAGS:
            command = word
        elif command and word in _FLAGS[command]:
            options[word] = ""
        elif name == _WORKSPACE or (command and _takes(command, name)):
            said = value if given else next(rest, None)
            if said is None:
                return None
            options[name] = said
        else:
            return None
    return (command, options) if command and _sensible(options) else None


def _takes(command: str, name: str) -> bool:
    """Whether a command has an option of this name that takes a value."""
    own = name in _ASKED[command] or (command == FIX and name == "--error")
    return own or name in _COMMON


def _sensible(options: Options) -> bool:
    """Whether what should be a number is one, and no deadline is over at once."""
    for name in _NUMBERS:
        number = options.get(name, "1")
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
            return False
    return int(options.get("--deadline", "1")) > 0


def _is_folder(options: Options) -> bool:
    root = options.get(_WORKSPACE)
    return root is None or os.path.isdir(root)


def _target(name: str, options: Options, environ: Mapping[str, str]) -> str:
    """Path and query: what was given, how the answer is wanted, that it counts."""
    asked = [] if "--json" in options else ["format=text"]
    if "--file" in options:
        options["--file"] = inside(options["--file"], options.get(_WORKSPACE), environ)
    for option in _ASKED[name]:
        if option in options:
            told = wire.head_of(options[option], GOAL_BYTES)
            asked.append(f"{option[2:].replace('-', '_')}={told}")
    if "--mark" in options:
        asked.append("mark=1")
    if "--no-managed" in options:
        asked.append("managed=0")
    if "--error" in options:
        asked.append(f"error={wire.tail_of(_error(options['--error']), ERROR_BYTES)}")
    if "--now" not in options:
        asked.append("record=1")
    return f"/{name}?{'&'.join(asked)}"


def inside(file: str, option: str | None, environ: Mapping[str, str]) -> str:
    """A file as seen from the workspace; one from elsewhere by its name alone."""
    if not os.path.isabs(file):
        return os.path.normpath(file)
    root = where.workspace_root(option, environ)
    found = os.path.relpath(os.path.realpath(file), root)
    return os.path.basename(file) if found.startswith("..") else found


def _error(said: str) -> bytes:
    """The error's text: as given, or with ``-`` the end of standard input."""
    if said != "-":
        return os.fsencode(said)
    told = b""
    try:
        while part := os.read(0, _BLOCK):
            told = (told + part)[-_BLOCK:]
    except OSError:  # a standard input that is closed says nothing
        return b""
    return told


def _write(file: int, data: bytes) -> int:
    """Write all of it; a reader that has gone away is no error."""
    ends = time.monotonic() + _WRITE_SECONDS
    while data:
        try:
            data = data[os.write(file, data) :]
        except BrokenPipeError:
            return 0
        except BlockingIOError:  # a pipe that somebody made non-blocking, and full
            if time.monotonic() > ends:
                return _BROKEN
            time.sleep(wire.PAUSE)  # a slow reader: select would cost an import
        except OSError:
            return _BROKEN
    return 0
