"""The entry guard: our own packages first, then the command.

lokid starts inside workspaces whose code an agent writes, and two of our
packages have plain names (``cli``, ``projections``).  So before anything of
ours is imported, the folder that holds this package goes to the front of
``sys.path``, and the current directory, which ``python -m`` and ``PYTHONPATH=.``
put there, leaves it.  A workspace's own ``cli/`` or ``click.py`` never runs.

What this cannot guard: under ``PYTHONPATH=.`` (or ``python -m`` without ``-P``)
a workspace's own ``lokid/`` is found before this file is.

``os.path`` only: `pathlib` alone would cost the hot path two bare starts.
"""

from __future__ import annotations

import os
import sys


def _guard() -> None:
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        here = os.getcwd()
    except OSError:  # a directory that is gone holds nothing to guard against
        here = ""
    sys.path[:] = [ours, *(p for p in sys.path if p not in ("", here, ours))]


_guard()


def lokictl() -> int:
    """The command ``lokictl``; gives its exit code.

    ``context``, ``check`` and ``fix`` are answered by a daemon without click and
    leave by `os._exit`, since the interpreter's farewell costs a fifth of a bare start.
    """
    from cli import hot

    code = hot.run(sys.argv[1:], os.environ)
    if code is not None:
        os._exit(code)
    from cli import main as edge

    return edge.lokictl()


def lokid() -> int:
    """The command ``lokid``, the daemon in the foreground; gives its exit code."""
    from cli import main as edge

    return edge.lokid_command()


def main() -> int:
    """What ``python -m lokid`` does: the same as ``lokictl``."""
    return lokictl()


if __name__ == "__main__":
    sys.exit(main())
