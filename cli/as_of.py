"""``--as-of SEQ|TIME``: the answer as it would have been with the log up to then.

Nothing is read but the log, nothing is captured or recorded.  A daemon that
knows the question answers it (it keeps the last two pasts folded); else this
process does, without the lock.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from cli import render
from cli.options import Body
from lokid import clock
from lokid.client import Client
from lokid.errors import DaemonMissing, ProtocolMismatch
from lokid.paths import Workspace
from lokid.projection import Answer


def as_of_option(body: Body) -> Body:
    """Give a command ``--as-of``."""
    return click.option(
        "--as-of",
        "as_of",
        metavar="SEQ|TIME",
        help="Answer with only what the log held then.",
    )(body)


def query_as_of(
    place: Workspace, name: str, params: Mapping[str, str], as_of: str
) -> Answer:
    """The answer of a projection as of a seq or a time.

    Raises UsageError when it is neither, or beyond the end of the log.
    """
    from cli.ask import engine, settings_of

    asked = {**params, "as_of": as_of}
    try:
        answer = Client(place).get(name, asked)
    except (DaemonMissing, ProtocolMismatch):
        pass
    else:
        if "as_of" in answer:  # an older daemon leaves the parameter unread
            return answer
    return engine(place, settings_of(place)).query(name, asked)


def now_of(answer: Answer) -> str:
    """The moment that an answer's ages are counted from."""
    past: dict[str, str] = answer.get("as_of") or {}
    return past.get("now") or clock.now()


def note_past(answer: Answer) -> None:
    """Say on standard error which moment an answer is of."""
    past = answer.get("as_of")
    if past:
        render.note(f"lokid: as of seq {past['seq']}, {past['now']}")
