"""Damage to the log's files: each place is told, and nothing is ever cut away.

Files only, no disk: a log of real lines is changed, one byte or bit at a time, and
opened.  A torn tail behind the watermark is set aside; everything else that does
not verify is damage: served up to there, reported by `verify` and by the open, its
bytes left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import damage_odd
from damage_specimen import (
    Opened,
    Specimen,
    bits,
    closed_log,
    killed_log,
    line_ends,
)
from lokid.events import LogRepaired
from mounts import quick_folder
from table import Bench, Outcome, Row


def truncated(bench: Bench) -> Outcome:
    """The last segment of a killed log, cut at every byte."""
    misses: list[str] = []
    figures = {"cuts": 0, "tears": 0, "losses": 0, "bad": 0}
    with quick_folder(bench) as folder:
        specimen, mark = killed_log(folder, marked=3, last=7)
        ends = [0, *line_ends(specimen.last)]
        near = {end + n for end in ends for n in (-1, 0, 1)}
        cuts = [
            cut
            for cut in range(len(specimen.last) + 1)
            if not bench.quick or cut in near or cut % 97 == 0
        ]
        for cut in cuts:
            specimen.fresh(**{specimen.names[-1]: specimen.last[:cut]})
            opened = specimen.open()
            judge = _tear if cut >= mark else _loss
            wrong = [f"cut at {cut}: {what}" for what in judge(specimen, opened, cut)]
            figures["tears" if cut >= mark else "losses"] += 1
            figures["cuts"] += 1
            figures["bad"] += bool(wrong)
            misses += wrong
            bench.say(figures["cuts"], len(cuts))
    return Outcome(figures={**figures}, misses=misses)


def _lines_before(specimen: Specimen, offset: int) -> int:
    """How many lines of the whole log end at or before a place in the last segment."""
    ends = line_ends(specimen.last)
    return len(specimen.ids) - len(ends) + sum(end <= offset for end in ends)


def _tear(specimen: Specimen, opened: Opened, cut: int) -> Iterator[str]:
    """Behind the watermark: the prefix is kept, the tail saved, the repair told."""
    kept = _lines_before(specimen, cut)
    border = [0, *line_ends(specimen.last)]
    begin = max(end for end in border if end <= cut)
    tail = specimen.last[begin:cut]
    if not specimen.holds(opened, kept):
        yield f"{kept} lines were whole, {len(opened.served)} are served"
    if opened.problems or opened.problems_after or opened.damages:
        yield "a tear was told as damage"
    if opened.repairs != bool(tail) or opened.aside != [tail] * bool(tail):
        yield f"{opened.repairs} repairs told, {opened.aside!r} set aside"
    if opened.torn != bool(tail) or opened.torn_after:
        yield "verify does not tell the tear, or tells it after the repair"
    yield from _untouched(specimen, specimen.names[:-1])


def _loss(specimen: Specimen, opened: Opened, cut: int) -> Iterator[str]:
    """Before the watermark: told as damage, nothing cut away, served up to there."""
    if not specimen.holds(opened, _lines_before(specimen, cut)):
        yield f"not the lines before the loss are served: {len(opened.served)}"
    yield from _told(specimen, opened, specimen.last[:cut], specimen.names[-1])


def _told(specimen: Specimen, opened: Opened, data: bytes, name: str) -> Iterator[str]:
    """What holds for all damage: reported twice, and no byte of it touched."""
    if not opened.problems or not opened.problems_after:
        yield "verify does not report it"
    if not opened.damages or not opened.gaps:
        yield "the open does not report it"
    if opened.aside or opened.repairs:
        yield "it was treated as a tear"
    if specimen.lies(name) != data:
        yield "the damaged segment was changed"
    yield from _untouched(specimen, [one for one in specimen.names if one != name])


def _untouched(specimen: Specimen, names: list[str]) -> Iterator[str]:
    for name in names:
        if specimen.lies(name) != specimen.files[name]:
            yield f"{name} was changed"


def sealed_bits(bench: Bench) -> Outcome:
    """Every bit of a sealed segment, flipped one at a time."""
    with quick_folder(bench) as folder:
        specimen = closed_log(folder)
        return _flip_all(bench, specimen, specimen.names[1])


def active_bits(bench: Bench) -> Outcome:
    """The same for the last segment of a log that was closed: all is below the mark."""
    with quick_folder(bench) as folder:
        specimen = closed_log(folder)
        return _flip_all(bench, specimen, specimen.names[-1])


def killed_bits(bench: Bench) -> Outcome:
    """The last segment of a killed log: rot with anything intact behind it is told.

    In its very last line, behind the watermark, rot looks like a tear; then the
    bytes are set aside and the repair is told as suspect.
    """
    with quick_folder(bench) as folder:
        specimen, _ = killed_log(folder, marked=3, last=7)
        return _flip_all(bench, specimen, specimen.names[-1], killed=True)


def _flip_all(
    bench: Bench, specimen: Specimen, name: str, *, killed: bool = False
) -> Outcome:
    data = specimen.files[name]
    ends = line_ends(data)
    before = specimen.names.index(name)
    first = sum(specimen.files[n].count(b"\n") for n in specimen.names[:before])
    chosen = list(range(len(data) * 8))
    if bench.quick:
        chosen = sorted(bench.random(name).sample(chosen, 200))
    figures = {"bytes": len(data), "flips": 0, "reported": 0, "told as tear": 0}
    misses: list[str] = []
    # The newline before the last line is part of that line's tear.
    tail = ends[-2] - 1
    for offset, bit, changed in bits(data, chosen):
        specimen.fresh(**{name: changed})
        opened = specimen.open()
        good = first + sum(end <= offset for end in ends)
        wrong = [] if specimen.holds(opened, good) else ["other lines are served"]
        if killed and offset >= tail:
            figures["told as tear"] += 1
            wrong += _set_aside(opened, changed)
        else:
            wrong += _told(specimen, opened, changed, name)
        figures["flips"] += 1
        figures["reported"] += not wrong
        misses += [f"byte {offset} bit {bit} of {name}: {what}" for what in wrong]
        bench.say(figures["flips"], len(chosen))
    return Outcome(figures={**figures}, misses=misses)


def _set_aside(opened: Opened, changed: bytes) -> Iterator[str]:
    repairs = [one.event for one in opened.served if isinstance(one.event, LogRepaired)]
    if not opened.aside or not changed.endswith(opened.aside[0]):
        yield "the last line is not in torn/"
    if len(repairs) != 1:
        yield "the repair is not told"


ROWS: tuple[Row, ...] = (
    Row(
        family="damage",
        name="tail-truncated",
        fault="the last segment ends at any byte, behind the watermark and before it",
        mark="every byte: prefix kept, tail saved, told; below the watermark damage",
        run=truncated,
    ),
    Row(
        family="damage",
        name="sealed-bit-flip",
        fault="any bit of a sealed segment flips",
        mark="every byte x 8 bits: 100 % reported by verify and by open, none cut",
        run=sealed_bits,
    ),
    Row(
        family="damage",
        name="active-bit-flip",
        fault="any bit of the last segment flips, below the watermark",
        mark="every byte x 8 bits: 100 % reported by verify and by open, none cut",
        run=active_bits,
    ),
    Row(
        family="damage",
        name="killed-bit-flip",
        fault="any bit of the last segment flips, after a kill",
        mark="every byte x 8 bits: reported; in the last line set aside and told",
        run=killed_bits,
    ),
    *damage_odd.ROWS,
)
