"""``crash/*.json``: what the harness kept of a failed iteration, or of friction.

A crash file says class, first frames, phase and exit code, never a message.
The ScrubError form has no time of its own: its file's name has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lokid import clock
from lokid.events import CrashObserved, Event, Fact, FrictionObserved
from lokid.source import Document, Mode, Source, SourceError
from lokid.sources.facts import of_document
from lokid.sources.values import MALFORMED, integer, text, words

_NAME = re.compile(
    r".*/(?:(?P<fingerprint>[0-9a-f]{64})|.*)-(?P<seconds>\d{1,12})\.json"
)
_FRICTION = "Friction"
_UNKNOWN = "IterationError"


def _read(document: Document) -> Iterable[Fact]:
    body = document.body
    friction = text(body.get("friction_kind"))
    error_class = text(body.get("error_class")) or friction
    if error_class is None and "stack_signature" not in body:
        raise SourceError(MALFORMED)
    named = _NAME.fullmatch(document.path)
    event = _event(document, error_class or _UNKNOWN, friction, named)
    time = clock.parse(body.get("captured_at"))
    if time is None and named:
        time = clock.from_seconds(int(named["seconds"]))
    yield of_document(CRASHES.name, document, event, time)


def _event(
    document: Document,
    error_class: str,
    friction: str | None,
    named: re.Match[str] | None,
) -> Event:
    body = document.body
    fingerprint = text(body.get("fingerprint")) or (named and named["fingerprint"])
    phase, exit_code = text(body.get("rarv_phase")), integer(body.get("exit_code"))
    if error_class == _FRICTION or friction:
        return FrictionObserved(
            error_class=error_class,
            kind=friction,
            fingerprint=fingerprint,
            phase=phase,
            exit_code=exit_code,
        )
    return CrashObserved(
        error_class=error_class,
        signature=words(body.get("stack_signature")),
        fingerprint=fingerprint,
        phase=phase,
        exit_code=exit_code,
    )


CRASHES = Source(
    name="crashes", globs=("crash/*.json",), mode=Mode.DOCUMENT, read_document=_read
)
