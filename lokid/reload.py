"""The settings as they stand now: read again when one of their files changed.

For a process that lives longer than a file does.  Asked at each scan, it costs
two `stat`; only a file that changed is read.

Promises: what `renew` took over is what a process started now would take, but
for the keys of `AT_START`, which shape what is open already; those are named in
``told()["restart"]``.  A file that is broken changes nothing: the last good
settings stay, and ``told()["problem"]`` names the file until it is mended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from lokid.config import Loaded, Settings, load_settings, settings_files
from lokid.errors import SettingsError
from lokid.projection import Projection
from lokid.rules import Rule

AT_START = (
    "watch_step_ms",
    "reconcile_seconds",
    "reject_after_seconds",
    "document_bytes",
    "segment_bytes",
    "scan_batch",
)
"""What a daemon takes from its start to its end."""
RACY_NS = 20_000_000
"""A file written this shortly before it was read may change again within one
tick of its clock: it is read once more."""

Build = Callable[[Sequence[Rule]], Sequence[Projection]]
"""Makes fresh read models under these rules."""
_Signature = tuple[int, ...] | None


class Reload:
    """See the module; asked by one thread at a time, `told` by any."""

    def __init__(
        self, loki: Path, environ: Mapping[str, str], loaded: Loaded, build: Build
    ) -> None:
        """``loaded`` are the settings of the start, from these places."""
        self._loki = loki
        self._environ = environ
        self._build = build
        self._loaded = loaded
        self._wanted = loaded.settings
        self._problem: str | None = None
        self._seen: list[_Signature] | None = None  # unknown: read at the first ask

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._loaded.settings

    def views(self) -> Sequence[Projection]:
        """Fresh read models under the rules in force."""
        return self._build(self.settings.rules)

    def renew(self) -> bool:
        """Take over what changed; False when all is as it was."""
        found = [_signature(path) for path in settings_files(self._loki, self._environ)]
        if found == self._seen:
            return False
        now = time.time_ns()
        racy = any(one and now - max(one[2], one[3]) < RACY_NS for one in found)
        self._seen = None if racy else found
        try:
            loaded = load_settings(self._loki, self._environ)
        except SettingsError as error:
            self._problem = error.message
            return False
        self._problem = None
        before = self.settings
        self._wanted = loaded.settings
        kept = {name: getattr(before, name) for name in AT_START}
        settings = msgspec.structs.replace(loaded.settings, **kept)
        self._loaded = msgspec.structs.replace(loaded, settings=settings)
        return settings != before

    def told(self) -> dict[str, object]:
        """The settings' part of ``status``.

        What is wrong with a file, what was refused, and the keys whose new value
        waits for the next start.
        """
        wanted, settings = self._wanted, self.settings
        return {
            "problem": self._problem,
            "refused": list(self._loaded.refused),
            "restart": [
                name
                for name in AT_START
                if getattr(wanted, name) != getattr(settings, name)
            ],
        }


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
