"""What reaches a terminal, and what a line of the log may hold.

The log is filled past the redaction, as no lokid would: every string of every
event is an attack.  Whatever prints it must print plain lines all the same.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import typing
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lokid.events import EVENTS, Event, Fact, Src
from lokid.log import Log, LogReader, event_id, verify
from lokid.paths import Workspace, find_workspace
from samples import samples
from serving import PATIENCE, served
from table import Bench, Outcome, Row

LOKICTL = "import sys; from lokid.__main__ import lokictl; sys.exit(lokictl())"
_TIME = "2026-03-02T09:{:02d}:00.000Z"
ATTACKS = (
    "\x1b[2J\x1b]0;owned\x07\x1b[31mred", "\x9b31m\x85\x90\x9d", "\x00\x07\x08\x7f",
    "\u202egnp.exe\u2066\u2069\u200e", "a\u2028b\u2029c", "\ufeff\u200b\u2060x",
    "\U000e0041\U000e007f", "two\nlines\r\rback", '\n{"c":"00000000","v":1,"seq":1}\n',
    "\x1bPq\x1b\\", "\x1b[6n", "\u0600\u061c\u180e", "tab\tand\x0b\x0c",
)  # fmt: skip
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("failures", "--all"), ("events",), ("context",), ("lessons",), ("council",),
    ("iterations",), ("explain", "{}"), ("status",), ("log",),
    ("check", "--command", "{}"), ("fix", "--command", "{}", "--error", "{}"),
    ("explain", "iteration", "1"),
    ("doctor",), ("log", "verify"), ("events", "--type", "{}"), ("mute", "{}"), ("{}",),
    ("failures", "--now", "{}"), ("--workspace", "{}", "failures"), ("config",),
    ("failures", "--all", "--json"), ("events", "--json"), ("context", "--json"),
    ("lessons", "--json"), ("council", "--json"), ("iterations", "--json"),
    ("explain", "--json", "{}"), ("status", "--json"), ("log", "--json"),
    ("check", "--json", "--command", "{}"), ("doctor", "--json"), ("config", "--json"),
)  # fmt: skip
QUICK = (("failures", "--all"), ("events", "--json"), ("explain", "{}"))


def _commands(bench: Bench) -> Outcome:
    """Every command that shows something, over a log full of attacks."""
    place = _hostile_log(bench.folder)
    commands = QUICK if bench.quick else COMMANDS
    misses: list[str] = []
    shown = 0
    for number, command in enumerate(commands):
        attack = ATTACKS[number % len(ATTACKS)].replace("\x00", "")
        told = [word.replace("{}", attack) for word in command]
        out, errors = _said(place, told)
        shown += len(out)
        for stream in (out, errors):
            odd = _unplain(stream, ascii_only="--json" in command)
            misses += [f"{' '.join(command)}: {character}" for character in odd]
        if b"Traceback" in errors:
            misses.append(f"{' '.join(command)}: {errors[-500:]!r}")
        bench.say(number + 1, len(commands))
    events = sum(1 for _ in LogReader(place.log).lines())
    figures = {"commands": len(commands), "events": events, "bytes shown": shown}
    return Outcome(figures={**figures}, misses=misses)


def _said(place: Workspace, command: Sequence[str]) -> tuple[bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-c", LOKICTL, *command],
        cwd=place.root,
        env={**os.environ, "LOKID_STATE_DIR": str(place.state)},
        capture_output=True,
        timeout=PATIENCE * 4,
        check=False,
    )
    return done.stdout, done.stderr


def _unplain(said: bytes, *, ascii_only: bool) -> Iterator[str]:
    """What moves a cursor or hides; in JSON whatever is no ASCII as well."""
    text = said.decode("utf-8", "surrogateescape").replace("\n", "")
    for character in sorted(set(text)):
        kind = unicodedata.category(character)
        plain = kind[0] != "C" and kind not in {"Zl", "Zp"}
        if not plain or (ascii_only and not character.isascii()):
            yield f"printed U+{ord(character):04X}"


# -- a log that no lokid would write -----------------------------------------------


def _hostile_log(folder: Path) -> Workspace:
    root = folder / "work"
    (root / ".loki").mkdir(parents=True)
    place = find_workspace(str(root), os.environ)
    place.create()
    log = Log.open(place.log)
    facts = [
        Fact(
            event=_filled(kind, attack),
            identity=("evil", str(number), str(kind.TYPE)),
            src=Src(path="events.jsonl", generation="ab" * 8, offset=number),
            time=_TIME.format(number % 60),
        )
        for number, attack in enumerate(ATTACKS)
        for kind in EVENTS
        if not kind.TYPE.startswith("log.")
    ]
    told = [(event_id(fact.identity), fact) for fact in facts]
    log.append(told, _TIME.format(59))
    log.close()
    return place


def _filled(kind: type[Event], attack: str) -> Event:
    hints = typing.get_type_hints(kind, include_extras=True)
    names = [field.name for field in msgspec.structs.fields(kind)]
    return kind(**{name: _value(hints[name], attack) for name in names})


def _value(annotation: Any, attack: str) -> Any:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return attack
    if origin is tuple:
        return (_value(args[0], attack),)
    if origin is dict:
        return {_value(args[0], attack): _value(args[1], attack)}
    if args:  # a union: what is not None
        return _value(args[0], attack)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return annotation(
            **{name: _value(hint, attack) for name, hint in hints.items()}
        )
    return {int: 1, float: 1.0, bool: True}.get(annotation, attack)


# -- lines of the log ------------------------------------------------------------


def _lines(bench: Bench) -> Outcome:
    """Line feeds and whole lines of a log in every string that comes in."""
    misses: list[str] = []
    payloads = ATTACKS if not bench.quick else ATTACKS[7:9]
    with served(bench.folder) as daemon:
        place = daemon.place
        for number, attack in enumerate(payloads):
            _write_attack(place, attack, number)
            body = {
                "type": "lesson.muted",
                "data": {"lesson": attack, "recipe": 1, "reason": attack},
                "identity": ["said", attack],
            }
            _post(daemon.path, json.dumps({"events": [body]}).encode())
            daemon.client.get("failures")
            bench.say(number + 1, len(payloads))
        if daemon.end():
            misses.append("the daemon did not end well")
        if said := daemon.complaint():
            misses.append(f"complaints: {said}")
    lines = b"".join(one.read_bytes() for one in sorted(place.log.glob("*.ndjson")))
    report = verify(place.log)
    split = lines.splitlines()
    if report.events != len(split) or report.problems:
        misses.append(f"{len(split)} lines, {report.events} events, {report.problems}")
    if any(byte < 0x20 or byte > 0x7E for line in split for byte in line):
        misses.append("a line holds what is no visible ASCII")
    return Outcome(
        figures={"lines": len(split), "events": report.events}, misses=misses
    )


def _write_attack(place: Workspace, attack: str, number: int) -> None:
    quoted = json.dumps(attack)[1:-1]
    for sample in samples():
        text = sample.data.decode()
        if sample.path.endswith((".json", ".jsonl")):
            text = text.replace('": "', f'": "{quoted}').replace('":"', f'":"{quoted}')
        else:
            text = text.replace(": ", f": {attack}")
        file = place.loki / sample.named(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))


def _post(path: Path, body: bytes) -> None:
    head = "POST /record HTTP/1.1\r\nHost: lokid\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(PATIENCE)
        link.connect(str(path))
        link.sendall(head.encode() + body)
        while link.recv(65536):
            pass


ROWS = (
    Row(
        family="screens",
        name="screens-commands",
        fault="escapes, bidi marks and line breaks in every event, shown on a terminal",
        mark="plain visible lines, ASCII with --json, from every command",
        run=_commands,
    ),
    Row(
        family="screens",
        name="screens-log-lines",
        fault="line breaks and whole lines of a log in files and requests",
        mark="each event is one line of visible ASCII, the log verifies",
        run=_lines,
    ),
)
