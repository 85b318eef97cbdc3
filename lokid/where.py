"""Where a workspace's state lies, found with `os` and one hash alone.

The hot path of ``lokictl context`` runs before every prompt, so this module
imports nothing that costs a start (no pathlib, re, json, hashlib).  Everyone
else uses it through ``lokid/paths.py``: there is one rule, here.

* Workspace: the option, else ``LOKI_TARGET_DIR``, else the nearest parent that
  holds ``.loki`` (stopping below ``$HOME``, whose ``.loki`` is the harness's
  own settings, and at a file-system boundary), else the current directory.
  Symbolic links are resolved once.
* State: ``LOKID_STATE_DIR``, else
  ``${XDG_STATE_HOME:-$HOME/.local/state}/lokid/<basename>-<hash12>``.
"""

from __future__ import annotations

import os
from _blake2 import blake2b

TYPE_CHECKING = False  # as in typing, whose import alone costs half a bare start
if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_NAME_LENGTH = 48


def workspace_root(option: str | None, environ: Mapping[str, str]) -> str:
    """The real path of the workspace; it need not hold a ``.loki`` yet."""
    chosen = option or environ.get("LOKI_TARGET_DIR")
    if chosen:
        return os.path.realpath(chosen)
    here = os.path.realpath(os.curdir)
    return _nearest_parent(here, os.path.realpath(_home(environ))) or here


def workspace_id(root: str) -> str:
    """``<basename>-<hash12 of the real path>``, safe as a file name."""
    name = os.path.basename(root) or "root"
    plain = "".join(c if c in _PLAIN else "_" for c in name)[:_NAME_LENGTH]
    digest = blake2b(os.fsencode(root), digest_size=6).hexdigest()
    return f"{plain}-{digest}"


def state_dir(root: str, environ: Mapping[str, str]) -> str:
    """The state directory of a workspace (it may not exist yet)."""
    chosen = environ.get("LOKID_STATE_DIR")
    if chosen:
        return os.path.abspath(chosen)
    base = environ.get("XDG_STATE_HOME") or ""
    if not os.path.isabs(base):  # the XDG rule: a relative value is ignored
        base = os.path.join(_home(environ), ".local", "state")
    return os.path.join(base, "lokid", workspace_id(root))


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _nearest_parent(start: str, home: str) -> str | None:
    try:
        device = os.stat(start).st_dev
        folder = start
        while folder != home:
            if os.path.isdir(os.path.join(folder, ".loki")):
                return folder
            above = os.path.dirname(folder)
            if above == folder or os.stat(above).st_dev != device:
                return None
            folder = above
    except OSError:
        return None
    return None
