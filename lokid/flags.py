"""The six flags of managed memory and managed councils; all are off by default.

A flag is on where the variable says ``true`` (any case, spaces around it do not
count), else it is off.  A child needs its parent: a flag that is on where its
parent is off is refused with exit code 2, in words that are the mission's own, by
the client and by the daemon, before anything is done.  Nothing is ever switched
off silently instead.

The hot path asks this before each prompt: it imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import alone costs half a bare start
if TYPE_CHECKING:
    from collections.abc import Mapping

AGENTS = "LOKI_MANAGED_AGENTS"
MEMORY = "LOKI_MANAGED_MEMORY"
HYDRATE = "LOKI_MANAGED_MEMORY_HYDRATE"
UMBRELLA = "LOKI_EXPERIMENTAL_MANAGED_AGENTS"
REVIEW = "LOKI_EXPERIMENTAL_MANAGED_REVIEW"
COUNCIL = "LOKI_EXPERIMENTAL_MANAGED_COUNCIL"
ALL = (AGENTS, MEMORY, HYDRATE, UMBRELLA, REVIEW, COUNCIL)
PARENTS = (
    (MEMORY, AGENTS),
    (HYDRATE, MEMORY),
    (UMBRELLA, AGENTS),
    (REVIEW, AGENTS),
    (REVIEW, UMBRELLA),
    (COUNCIL, AGENTS),
    (COUNCIL, UMBRELLA),
)
"""Each child with a parent of it, in the order in which they are looked at."""
ERROR = "ERROR: "
PREVIEW = f"{UMBRELLA} is a research preview: expect it to change"


def is_on(environ: Mapping[str, str], name: str) -> bool:
    """Whether a flag says ``true``."""
    return environ.get(name, "").strip().lower() == "true"


def problem(environ: Mapping[str, str]) -> str | None:
    """What is wrong with the flags, the first of it; None where they are legal."""
    for child, parent in PARENTS:
        if is_on(environ, child) and not is_on(environ, parent):
            return f"{ERROR}{child}=true requires {parent}=true"
    return None


def doubts(environ: Mapping[str, str]) -> list[str]:
    """What a person should hear of legal flags: a preview, words that mean off."""
    found = [PREVIEW] if is_on(environ, UMBRELLA) else []
    for name in ALL:
        said = environ.get(name, "").strip().lower()
        if said not in {"true", "false", ""}:
            found.append(f"{name} is off: it says {said[:40]!r}, not true")
    return found
