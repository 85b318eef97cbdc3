"""How one cause is brought about, and what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One cause: how it is brought about, and its labels.

    ``command`` is one line of bash, or several that take turns; ``files`` are
    written first, then ``before`` runs unheard and ``setup`` is called with the
    project's directory.  ``cause`` None: the output is clean and must exit 0.
    """

    tool: str
    command: str | tuple[str, ...]
    cause: str | None = None
    family: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    before: str = ""
    setup: Callable[[Path], None] | None = None
    unlike: str | None = None
    times: int = 3
    needs: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


def named(
    tool: str, cause: str, family: str, *, unlike: str | None = None, **more: Any
) -> Trigger:
    """A trigger whose cause and look-alike bear the tool's name in front.

    It needs the program of that name unless ``needs`` says otherwise.
    """
    return Trigger(
        tool=tool,
        cause=f"{tool}:{cause}",
        family=family,
        unlike=unlike and f"{tool}:{unlike}",
        **{"needs": (tool,)} | more,
    )
