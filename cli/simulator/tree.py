"""The `.loki` directory that is being written, one closed file at a time.

Every write of the simulator goes through `Tree.put`, which knows the three ways
the harness writes (in place, by rename, by append), plants and tears on demand,
counts the steps and dates the truth.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from cli.simulator.options import Options, Step, Truth
from cli.simulator.planting import Planter
from cli.simulator.spelling import Style, spelled

_TEAR_EVERY = 3  # how many writes lie between two torn ones
_OWNER_ONLY = 0o600  # what mkstemp leaves behind


class How(enum.Enum):
    """How a file comes to its content."""

    IN_PLACE = "in place"  # opened, truncated, written: a reader may see a part
    RENAME = "rename"  # a temporary file beside it, then renamed
    PRIVATE = "private"  # the same through mkstemp, hence mode 0600
    APPEND = "append"


class Tree:
    """Where the simulator writes, what it has written, and what that tells."""

    def __init__(self, root: Path, options: Options) -> None:
        """``root`` is the workspace; the tree is its ``.loki``."""
        self.root = root / ".loki"
        self.options = options
        self.planter = Planter() if options.plant else None
        self.truth: list[Truth] = []
        self.run = 0
        self.iteration = 0
        self._steps = 0
        self._writes = 0

    def put(  # noqa: PLR0913 - one write has a place, a body and a manner
        self,
        path: str,
        body: Any,  # noqa: ANN401 - whatever JSON holds
        what: str,
        *,
        how: How = How.IN_PLACE,
        style: Style = Style.PRETTY,
        truth: tuple[Truth, ...] = (),
    ) -> Iterator[Step]:
        """Write one file (or one line), and yield once it is closed.

        ``truth`` becomes known with this write, dated with its step.
        """
        data = self._text(path, body, style).encode()
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if how in (How.RENAME, How.PRIVATE):
            beside = target.with_name(f".tmp_{target.name}.tmp")
            beside.write_bytes(data)
            if how is How.PRIVATE:
                beside.chmod(_OWNER_ONLY)
            beside.replace(target)
        else:
            mode = "ab" if how is How.APPEND else "wb"
            cut = self._tear(data)
            if cut:
                _write(target, mode, data[:cut])
                yield self._step(path, f"{what} (half)")
                mode = "ab"
            _write(target, mode, data[cut:])
        yield self._step(path, what, truth)

    def keep_tail(self, path: str, size: int, what: str) -> Iterator[Step]:
        """Cut a file to its last ``size`` bytes, as a new file (new inode)."""
        target = self.root / path
        beside = target.with_name(f"{target.name}.tmp")
        beside.write_bytes(target.read_bytes()[-size:])
        beside.replace(target)
        yield self._step(path, what)

    def remove(self, path: str, what: str) -> Iterator[Step]:
        """Delete a file if it is there."""
        target = self.root / path
        if target.exists():
            target.unlink()
            yield self._step(path, what)

    def size(self, path: str) -> int:
        """Bytes of a file, 0 when it is not there."""
        target = self.root / path
        return target.stat().st_size if target.exists() else 0

    def hexes(self, length: int, *parts: object) -> str:
        """A reproducible stand-in for what the harness draws at random."""
        salt = "/".join(map(str, (self.run, self.iteration, *parts)))
        return hashlib.blake2b(salt.encode(), digest_size=32).hexdigest()[:length]

    def _text(self, path: str, body: Any, style: Style) -> str:  # noqa: ANN401  whatever a field or JSON holds
        if self.planter:
            body = self.planter.body(path, body)
        return spelled(body, style)

    def _tear(self, data: bytes) -> int:
        """How many bytes go first when this write is torn, else 0."""
        self._writes += 1
        if self.options.torn and self._writes % _TEAR_EVERY == 0:
            return len(data) // 2
        return 0

    def _step(self, path: str, what: str, truth: tuple[Truth, ...] = ()) -> Step:
        step = Step(
            index=self._steps,
            path=path,
            what=what,
            run=self.run,
            iteration=self.iteration,
        )
        self.truth += [msgspec.structs.replace(item, step=step.index) for item in truth]
        self._steps += 1
        return step


def _write(target: Path, mode: str, data: bytes) -> None:
    with target.open(mode) as file:
        file.write(data)
