"""The error line, the frames and the places in a program's output.

`error_of` gives the error that names the cause: by the table of extractors
(one file a family of tools, each extractor with its samples), the strongest
kind that the output holds.  An error line is one that a program writes when it
fails; prose that only speaks of errors ("0 errors in lint.") is none.

* A line that names the cause beats one that sums up, and both beat an echo
  (``make: *** [x] Error 1``).
* Among equals the last one wins, since a program's end is its cause; but of a
  compiler's errors in a row the first wins, since the rest may follow from it.
* A line that holds only a form feed parts the outputs of two commands; the last
  one that says why it failed counts, since the earlier were got over.
* Below a line that is `FAILED` stands what a failed call printed: of a tool that
  nobody here knows its last complaint counts, below all that is known.

The line that comes out is raw (``redact.py`` comes after) but says by itself
what it is about, often in a wording of ours: ``TS2322: Type ...``, ``go test:
TestSum: got 1, want 2``.  `family_of` reads the bare code of such a line once
it is stored.  All of this is pure, and never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from lokid.extract.choose import FAILED, PART, best_of, cleaned
from lokid.extract.families import exception_class, family_of
from lokid.extract.quoted import without_quoted
from lokid.frames import ANONYMOUS, Frame, frames_of, stack_at

__all__ = [
    "FAILED",
    "PART",
    "Error",
    "error_of",
    "exception_class",
    "family_of",
    "fingerprint",
]

_FIRST_SYMBOLS = 5
_MOST_PLACES = 3


class Error(msgspec.Struct, frozen=True):
    """What an output says about its failure, raw.

    ``line`` is None where only frames were found.  ``symbols`` are the first
    five frames by the harness's own rule; ``near`` up to three frames of our
    own code, nearest the raise first; ``places`` the same with their files
    (``cart.py:total``), or the file alone where the error names one.
    """

    line: str | None
    symbols: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def error_of(lines: Sequence[str]) -> Error | None:
    """The failure that this output tells, or None when it tells none."""
    shown = cleaned(lines)
    clean = without_quoted(shown)
    best = best_of(clean)
    frames = frames_of(clean)
    if best is None and not frames:
        return None
    counted = frames if clean is shown else frames_of(shown)
    stack: list[Frame] = []
    if best is None:
        stack = stack_at(frames, clean, -1)
    elif best.stack and best.at is not None:
        stack = stack_at(frames, clean, best.at)
    told = best.places if best and best.places else [frame.place for frame in stack]
    return Error(
        line=best.line if best else None,
        symbols=tuple(_symbols(counted)),
        near=tuple(frame.symbol for frame in stack),
        places=tuple(dict.fromkeys(filter(None, told)))[:_MOST_PLACES],
    )


def fingerprint(symbols: Sequence[str], error_class: str = "IterationError") -> str:
    """The harness's own fingerprint of these frames (sha256, hex)."""
    raw = "\n".join(symbols).replace("(anonymous)", ANONYMOUS)
    return sha256(f"{error_class}\n{raw}".encode()).hexdigest()


def _symbols(frames: Sequence[Frame]) -> list[str]:
    return [frame.symbol for frame in frames if frame.counted][:_FIRST_SYMBOLS]
