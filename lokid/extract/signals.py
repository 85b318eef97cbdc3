"""Programs that were ended: by a signal, or since they ran out of time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import CAUSE, SUM, Extractor, Found, Sample, by_pattern
from lokid.extract.shell import WHERE
from lokid.frames import base_of

_SIGNAL = (
    r"Killed|Segmentation fault|Aborted|Bus error|Illegal instruction|Terminated"
    r"|Floating point exception|Trace/breakpoint trap"
)
_KILLED = re.compile(
    rf"(?:{WHERE})?\s*(?:\d+ )?\s*(?P<said>{_SIGNAL})(?:\s+\(core "
    rf"dumped\))?(?::? ?\d+)?"
    r"(?:\s*$|(?:\s{2,}|\s+(?=\./))(?P<what>\S+).*$)"
)
_OUT_OF_MEMORY = re.compile(
    r"(?:.*\b)?Out of memory: (?P<said>Killed) process \d+ \((?P<what>[^)]+)\)"
)
_ZSH_KILLED = re.compile(
    rf"zsh: (?i:(?P<said>{_SIGNAL}|abort))(?:\s+\(core dumped\))?\s+(?P<what>\S+)"
)
_NO_PROGRAM = re.compile(r"[<(|&-]")


def _killed(lines: Sequence[str], at: int) -> Found | None:
    """What the shell says when a program ends by a signal."""
    shapes = (_KILLED, _ZSH_KILLED, _OUT_OF_MEMORY)
    found = next(filter(None, (shape.match(lines[at]) for shape in shapes)), None)
    if found is None:
        return None
    said = "Aborted" if found["said"] == "abort" else found["said"].capitalize()
    what = found["what"]
    if what and not _NO_PROGRAM.match(what):
        said = f"{said}: {base_of(what)}"
    follows = said.startswith(("Aborted", "Terminated"))  # something else was said
    return Found(said, rank=SUM if follows else CAUSE)


EXTRACTORS = (
    Extractor(
        name="ended by a signal",
        words=(
            "Killed",
            "egmentation fault",
            "killed",
            "abort",
            "Aborted",
            "Bus error",
            "Illegal instruction",
            "Floating point exception",
            "Terminated",
            "Trace/breakpoint",
        ),
        find=_killed,
        samples=(
            Sample(
                "Segmentation fault (core dumped)", "Segmentation fault", "exit 139"
            ),
            Sample(
                "bash: line 7: 12345 Segmentation fault      (core dumped) ./till",
                "Segmentation fault: till",
                "exit 139",
            ),
            Sample(
                "bash: line 1: 12345 Killed                  ./till --all",
                "Killed: till",
                "exit 137",
            ),
            Sample("Killed", "Killed", "exit 137"),
            Sample(
                "Out of memory: Killed process 1234 (till)", "Killed: till", "exit 137"
            ),
        ),
    ),
    Extractor(
        name="ran out of time",
        words=("imed out", "imeout", "eadline"),
        find=by_pattern(
            r"(?:(?:Error: )?(?P<said>(?:Command|Process|Script|Task|Job|Request"
            r"|Connection"
            r"|Execution|Build) timed out after .+|context deadline exceeded"
            r"|.*: context deadline exceeded.*|The operation timed out\.?"
            r"|[Tt]imeout of \d+ ?m?s exceeded.*|Exceeded timeout of .+"
            r"|Test timed out (?:in|after) .+|(?:API Error: )?Request timed out"
            r"|Operation timed out.*|Timed out after .+"
            r"|Timeout \d+ms exceeded.*|Timed out \d+m?s waiting for .+)"
            r"|timeout: (?P<tool>sending signal \w+ to command.*))",
            "timeout: {said}{tool}",
        ),
        samples=(
            Sample(
                "Command timed out after 2m 0.0s",
                "timeout: Command timed out after {duration} {duration}",
                "timeout",
            ),
            Sample(
                "Error: Timeout of 2000ms exceeded.",
                "timeout: Timeout of {duration} exceeded.",
                "timeout",
            ),
        ),
    ),
)
