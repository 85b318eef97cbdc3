"""Odd things found in place of a log's files, and what an open must make of each.

Each case changes a closed log of three segments and says what is to come of it:

    damage    told by verify and by the open; `kept` lines served, no byte changed
    tear      all lines kept, the rest set aside and told
    nothing   all lines served, nothing told, foreign files left alone
    refused   an error of ours that names the place, nothing changed
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from typing import NamedTuple

from damage_specimen import Specimen
from lokid.log import watermark
from lokid.log.watermark import Watermark


class Case(NamedTuple):
    """A change, and what is to come of it; ``kept`` None: all lines."""

    change: Callable[[Specimen], None]
    outcome: str
    kept: int | None = None


def _zero(specimen: Specimen, which: int, begin: int, end: int) -> None:
    name = specimen.names[which]
    data = bytearray(specimen.files[name])
    data[begin:end] = bytes(len(data[begin:end]))
    (specimen.log / name).write_bytes(data)


def zeros_in_a_sealed_segment(specimen: Specimen) -> None:
    """A block of 512 bytes reads as zeros."""
    _zero(specimen, 1, 0, 512)


def zeros_in_the_last_segment(specimen: Specimen) -> None:
    """The same below the watermark, up to the end."""
    _zero(specimen, 2, 0, 1 << 20)


def zeros_behind_the_end(specimen: Specimen) -> None:
    """What delayed allocation leaves behind: a file longer than its bytes."""
    _append(specimen, bytes(4096))


def swapped_segments(specimen: Specimen) -> None:
    """Two segments have each other's names."""
    first, second, _ = specimen.names
    (specimen.log / first).write_bytes(specimen.files[second])
    (specimen.log / second).write_bytes(specimen.files[first])


def first_missing(specimen: Specimen) -> None:
    """The first segment is gone."""
    (specimen.log / specimen.names[0]).unlink()


def middle_missing(specimen: Specimen) -> None:
    """The second segment is gone."""
    (specimen.log / specimen.names[1]).unlink()


def last_missing(specimen: Specimen) -> None:
    """The last segment is gone: the log ends before its watermark."""
    (specimen.log / specimen.names[2]).unlink()


def all_missing(specimen: Specimen) -> None:
    """Every segment is gone, the watermark is there."""
    for name in specimen.names:
        (specimen.log / name).unlink()


def doubled_segment(specimen: Specimen) -> None:
    """A copy of a segment under a later name."""
    (specimen.log / f"{900:020d}.ndjson").write_bytes(specimen.files[specimen.names[1]])


def doubled_lines(specimen: Specimen) -> None:
    """A sealed segment holds all its lines twice."""
    name = specimen.names[1]
    (specimen.log / name).write_bytes(specimen.files[name] * 2)


def empty_sealed_segment(specimen: Specimen) -> None:
    """A sealed segment lost all its lines."""
    (specimen.log / specimen.names[1]).write_bytes(b"")


def empty_segment_too_far(specimen: Specimen) -> None:
    """An empty last segment, named for an event that is far away."""
    (specimen.log / f"{900:020d}.ndjson").write_bytes(b"")


def empty_segment_next(specimen: Specimen) -> None:
    """An empty last segment, as a crash right after a cut leaves it."""
    (specimen.log / f"{len(specimen.ids) + 1:020d}.ndjson").write_bytes(b"")


def huge_line_behind_the_end(specimen: Specimen) -> None:
    """Megabytes without a newline."""
    _append(specimen, b"x" * (5 << 20))


def huge_line_in_a_sealed_segment(specimen: Specimen) -> None:
    """The same in place of a segment."""
    (specimen.log / specimen.names[1]).write_bytes(b"x" * (5 << 20))


def junk_files(specimen: Specimen) -> None:
    """Files of other names, and leftovers of ours."""
    for name in (b"foo", b"1.ndjson", b"x.ndjson", b"\xff\xfe.ndjson", b".hidden"):
        with open(os.path.join(os.fsencode(specimen.log), name), "wb") as file:  # noqa: PTH118, PTH123  a name that is not text
            file.write(b"junk")
    (specimen.log / f"{1:020d}.ndjson.bak").write_bytes(b"junk\n")
    (specimen.log / f"{7:020d}.ndjson.tmp").write_bytes(b"junk\n")
    (specimen.log / "junk").mkdir()


def junk_folder_of_a_temporary_name(specimen: Specimen) -> None:
    """A folder where a temporary file of ours would be."""
    (specimen.log / f"{7:020d}.ndjson.tmp").mkdir()


def segment_is_a_folder(specimen: Specimen) -> None:
    """A folder in place of a segment."""
    (specimen.log / specimen.names[1]).unlink()
    (specimen.log / specimen.names[1]).mkdir()


def segment_is_a_link(specimen: Specimen) -> None:
    """A symbolic link in place of a segment, to a good copy of it."""
    path = specimen.log / specimen.names[1]
    path.rename(specimen.log / "elsewhere")
    path.symlink_to("elsewhere")


def segment_is_a_pipe(specimen: Specimen) -> None:
    """A FIFO in place of a segment: whoever opens it plainly waits for ever."""
    (specimen.log / specimen.names[1]).unlink()
    os.mkfifo(specimen.log / specimen.names[1])


def last_segment_is_a_pipe(specimen: Specimen) -> None:
    """The same for the one that is written to."""
    (specimen.log / specimen.names[2]).unlink()
    os.mkfifo(specimen.log / specimen.names[2])


def segment_is_a_socket(specimen: Specimen) -> None:
    """A socket in place of a segment."""
    (specimen.log / specimen.names[1]).unlink()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(specimen.log / specimen.names[1]))


def lock_is_a_folder(specimen: Specimen) -> None:
    """A folder in place of LOCK."""
    (specimen.log / "LOCK").unlink()
    (specimen.log / "LOCK").mkdir()


def watermark_is_a_folder(specimen: Specimen) -> None:
    """A folder in place of the watermark: nothing is known of what was durable."""
    (specimen.log / watermark.NAME).unlink()
    (specimen.log / watermark.NAME).mkdir()


def watermark_is_junk(specimen: Specimen) -> None:
    """Bytes that are no watermark."""
    (specimen.log / watermark.NAME).write_bytes(b"\0" * 100)


def watermark_of_more(specimen: Specimen) -> None:
    """More was durable than the log holds."""
    watermark.write(specimen.log, Watermark(specimen.names[2], 9999, 99, "0123abcd"))


def torn_is_a_file(specimen: Specimen) -> None:
    """A torn tail, and no folder to set it aside."""
    _append(specimen, b'{"c":"01')
    shutil.rmtree(specimen.folder / "torn", ignore_errors=True)
    (specimen.folder / "torn").write_bytes(b"")


def _append(specimen: Specimen, data: bytes) -> None:
    with (specimen.log / specimen.names[2]).open("ab") as file:
        file.write(data)


def cases(specimen: Specimen) -> list[Case]:
    """All of them; line counts are those of this log."""
    first = specimen.files[specimen.names[0]].count(b"\n")
    second = first + specimen.files[specimen.names[1]].count(b"\n")
    return [
        Case(zeros_in_a_sealed_segment, "damage", first),
        Case(zeros_in_the_last_segment, "damage", second),
        Case(zeros_behind_the_end, "tear"),
        Case(swapped_segments, "damage", 0),
        Case(first_missing, "damage", 0),
        Case(middle_missing, "damage", first),
        Case(last_missing, "damage", second),
        Case(all_missing, "damage", 0),
        Case(doubled_segment, "damage"),
        Case(doubled_lines, "damage", second),
        Case(empty_sealed_segment, "damage", first),
        Case(empty_segment_too_far, "damage"),
        Case(empty_segment_next, "nothing"),
        Case(huge_line_behind_the_end, "tear"),
        Case(huge_line_in_a_sealed_segment, "damage", first),
        Case(junk_files, "nothing"),
        Case(junk_folder_of_a_temporary_name, "refused"),
        Case(segment_is_a_folder, "refused"),
        Case(segment_is_a_link, "refused"),
        Case(segment_is_a_pipe, "refused"),
        Case(last_segment_is_a_pipe, "refused"),
        Case(segment_is_a_socket, "refused"),
        Case(lock_is_a_folder, "refused"),
        Case(watermark_is_a_folder, "nothing"),
        Case(watermark_is_junk, "nothing"),
        Case(watermark_of_more, "damage"),
        Case(torn_is_a_file, "refused"),
    ]
