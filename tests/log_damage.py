"""Ways in which a log can be damaged, other than by a torn tail."""

from __future__ import annotations

from pathlib import Path

from log_rig import (
    flip,
    line_offsets,
    segments,
)


def rot_in_the_last_segment(directory: Path) -> int:
    """A bit of the last segment's first line; what is served ends before it."""
    last = segments(directory)[-1]
    flip(last, 40)
    return int(last.stem) - 1


def rot_in_a_sealed_segment(directory: Path) -> int:
    """A bit in the very last line of the second segment."""
    second, third = segments(directory)[1:3]
    flip(second, line_offsets(second)[-1] + 60)
    return int(third.stem) - 2


def missing_segment(directory: Path) -> int:
    """The second segment is gone."""
    second = segments(directory)[1]
    second.unlink()
    return int(second.stem) - 1


def missing_first_segment(directory: Path) -> int:
    """The log begins in the middle."""
    segments(directory)[0].unlink()
    return 0


def short_sealed_segment(directory: Path) -> int:
    """The second segment lost its last line, cleanly."""
    second, third = segments(directory)[1:3]
    second.write_bytes(second.read_bytes()[: line_offsets(second)[-1]])
    return int(third.stem) - 2


def torn_sealed_segment(directory: Path) -> int:
    """The second segment ends in the middle of a line: too late for a tear."""
    second, third = segments(directory)[1:3]
    second.write_bytes(second.read_bytes()[:-10])
    return int(third.stem) - 2


def junk_behind_a_sealed_segment(directory: Path) -> int:
    """Bytes that no append wrote, between two segments."""
    second, third = segments(directory)[1:3]
    with second.open("ab") as file:
        file.write(b"junk\n")
    return int(third.stem) - 1


def empty_segment_in_place_of_the_last(directory: Path) -> int:
    """The last one lost its lines, and the one before it its last line."""
    *_, before, last = segments(directory)
    before.write_bytes(before.read_bytes()[: line_offsets(before)[-1]])
    last.write_bytes(b"")
    return int(last.stem) - 2


def swapped_lines(directory: Path) -> int:
    """Two lines of the first segment changed places; each is intact."""
    first = segments(directory)[0]
    lines = first.read_bytes().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    first.write_bytes(b"".join(lines))
    return 1


def removed_line(directory: Path) -> int:
    """A line of the last segment is gone."""
    last = segments(directory)[-1]
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:1] + lines[2:]))
    return int(last.stem)


def repeated_line(directory: Path) -> int:
    """A line stands there twice."""
    first = segments(directory)[0]
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:2] + lines[1:]))
    return 2


def repeated_last_line(directory: Path) -> int:
    """The very last line stands there twice; no number is missing."""
    last = segments(directory)[-1]
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join([*lines, lines[-1]]))
    return int(last.stem) + len(lines) - 1


def zeros_in_the_middle(directory: Path) -> int:
    """A block of the log reads as zeros."""
    first = segments(directory)[0]
    data = bytearray(first.read_bytes())
    start, end = line_offsets(first)[1:3]
    data[start:end] = bytes(end - start)
    first.write_bytes(data)
    return 1


DAMAGE = [
    rot_in_the_last_segment,
    rot_in_a_sealed_segment,
    missing_segment,
    missing_first_segment,
    short_sealed_segment,
    torn_sealed_segment,
    junk_behind_a_sealed_segment,
    empty_segment_in_place_of_the_last,
    swapped_lines,
    removed_line,
    repeated_line,
    repeated_last_line,
    zeros_in_the_middle,
]
