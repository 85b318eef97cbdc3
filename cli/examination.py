"""What `lokictl doctor` looks at: each check says what it found and what to do.

A check changes nothing and takes no lock.  It gives `Finding`s: ``ok`` (nothing
to do), ``note`` (good to know), ``problem`` (something is wrong, and the remedy
says what helps).  What a check cannot find out is a note, never silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import metadata

from cli import render
from cli.examined_daemon import daemon
from cli.examined_managed import managed
from cli.examined_state import refused, state
from cli.finding import NOTE, OK, PROBLEM, Finding, typed
from cli.log import REPAIR, remedy
from lokid.config import load_settings
from lokid.errors import LokidError, StorageError
from lokid.log import VerifyReport, verify
from lokid.log.backup import ASIDE, INCOMING
from lokid.paths import Workspace

Check = Callable[[Workspace], Iterator[Finding]]
_PACKAGES = ("lokid", "projections", "cli")


def examine(place: Workspace) -> list[Finding]:
    """All findings about a workspace, in the order in which they should be read."""
    found: list[Finding] = []
    checks: tuple[Check, ...] = (_workspace, state, _log, _aside, daemon)
    try:
        place.check()
    except StorageError as error:
        found.append(refused(place, error))
        checks = (_workspace,)  # what lies there is not to be believed
    for check in (*checks, managed, _settings, _packages):
        about = check.__name__.strip("_")
        try:
            found += check(place)
        except LokidError as error:
            found.append(Finding(PROBLEM, about, error.message, error.hint))
        except OSError as error:
            name = render.clean(error.filename)
            said = f"{name} cannot be looked at: {error.strerror}"
            remedy = typed("ls", "-ld", error.filename) + " shows its rights"
            found.append(Finding(PROBLEM, about, said, remedy))
    return found


def _workspace(place: Workspace) -> Iterator[Finding]:
    root = render.clean(place.root)
    if not place.loki.is_dir():
        said = f"there is no .loki in {root}"
        yield Finding(NOTE, "workspace", said, "-C names another workspace")
    elif not os.access(place.loki, os.R_OK | os.X_OK):
        said = f"{root}/.loki may not be read"
        yield Finding(PROBLEM, "workspace", said, typed("chmod", "u+rx", place.loki))
    else:
        yield Finding(OK, "workspace", f"{root} has a .loki")
    if os.environ.get("LOKI_FAILURE_MEMORY") == "0":
        said = "LOKI_FAILURE_MEMORY=0 here: nothing is read or printed"
        yield Finding(NOTE, "workspace", said, "unset it to turn the memory on")


def _log(place: Workspace) -> Iterator[Finding]:
    report = verify(place.log)
    if not report.segments and not report.problems:
        yield Finding(NOTE, "log", "there is no log yet")
        return
    yield from _places(report)
    held = f"{render.plural(report.events, 'event')}, {render.size(report.bytes)}"
    if not report.damaged:
        older = (
            f", {report.compacted:,} older ones summed up" if report.compacted else ""
        )
        yield Finding(OK, "log", f"whole: {held}, up to seq {report.last_seq}{older}")
    if report.torn:
        said = "the last line is incomplete: a write is under way, or a crash tore it"
        yield Finding(NOTE, "log", said, "the next writer sets it aside by itself")
    if report.unknown:
        events = render.plural(report.unknown, "event")
        yield Finding(NOTE, "log", f"{events} of a newer lokid: kept, and skipped")


def _places(report: VerifyReport) -> Iterator[Finding]:
    helps = remedy(report)
    for one in report.problems:
        said = f"event {one.seq}, {one.segment} at byte {one.offset}: {one.reason}"
        if one.accepted:
            yield Finding(NOTE, "log", f"accepted loss: {said}")
        elif report.unserved:
            yield Finding(PROBLEM, "log", f"damaged: {said}", helps)
        else:
            yield Finding(PROBLEM, "log", f"lost: {said}", helps)
    if report.unserved:
        events = render.plural(report.unserved, "intact event")
        said = f"{events} behind the damage cannot be served"
        yield Finding(PROBLEM, "log", said, f"{REPAIR} appends them again")


def _aside(place: Workspace) -> Iterator[Finding]:
    """What was set aside and lies there: torn ends, logs before a restore."""
    from lokid.events import LogRepaired
    from lokid.log import LogReader

    torn = sorted(place.torn.iterdir()) if place.torn.is_dir() else []
    if torn:
        size = render.size(sum(path.stat().st_size for path in torn))
        said = f"{render.plural(len(torn), 'torn end')} set aside ({size})"
        yield Finding(NOTE, "set aside", said, f"in {render.clean(place.torn)}")
    told = LogReader(place.log).read()
    for recorded in told:
        if isinstance(recorded.event, LogRepaired) and recorded.event.suspect:
            said = f"the repair at seq {recorded.seq} dropped a whole line: perhaps rot"
            remedy = "check the disk; what was not acknowledged may be missing"
            yield Finding(NOTE, "set aside", said, remedy)
    for path in sorted(place.state.glob("log.*")) if place.state.is_dir() else []:
        if path.name.startswith(ASIDE):
            said = f"a log from before a restore: {render.clean(path)}"
            yield Finding(NOTE, "set aside", said, "delete it when it is not needed")
        elif path.name == INCOMING:
            said = "a restore did not end well"
            yield Finding(PROBLEM, "set aside", said, "lokictl log restore once more")


def _settings(place: Workspace) -> Iterator[Finding]:
    loaded = load_settings(place.loki, os.environ)
    for line in loaded.refused:
        said = f"refused: {render.clean(line)}"
        yield Finding(NOTE, "settings", said, "lokictl config show")
    if not loaded.refused:
        yield Finding(OK, "settings", "each value stands")


def _packages(_place: Workspace) -> Iterator[Finding]:
    """Two of our packages have plain names: nobody else may install them here."""
    owners = metadata.packages_distributions()
    for package in _PACKAGES:
        others = sorted(set(owners.get(package, ())) - {"lokid"})
        if others:
            said = f"{', '.join(others)} installs a package {package!r} here too"
            remedy = "install lokid on its own: uv tool install, or pipx"
            yield Finding(PROBLEM, "packages", said, remedy)
    if not any(set(owners.get(one, ())) - {"lokid"} for one in _PACKAGES):
        yield Finding(OK, "packages", "nobody else uses our names")
