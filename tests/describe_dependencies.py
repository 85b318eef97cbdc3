"""What lokid needs to run, as the lock and the installed packages tell it.

The purposes stand here, since no metadata tells them; all else is read.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

import msgspec
from packaging.markers import Marker

LOCK = Path(__file__).parent.parent / "requirements.lock"
PURPOSES = {
    "anyio": "the event loop's tools under starlette and watchfiles",
    "apscheduler": "the daemon's timers",
    "click": "the command line, but for its hot path",
    "h11": "uvicorn asks for it; the daemon uses httptools instead",
    "httptools": "parses requests to the daemon's socket",
    "idna": "anyio asks for it; lokid resolves no name",
    "msgspec": "JSON and msgpack, checked against types",
    "starlette": "routes and answers of the daemon",
    "typing-extensions": "types of newer Pythons, for anyio and starlette",
    "tzlocal": "apscheduler asks for it; lokid's timers know no zone",
    "uvicorn": "serves the daemon's socket",
    "watchfiles": "wakes a scan when a file changed; a hint, never the truth",
}
"""Why each package is there; a package without a line here fails a test."""

_ENTRY = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\\n]+))?[^\n]*\n"
    r"(?P<rest>(?:^[ ]+.*\n)*)",
    re.MULTILINE,
)
_OURS = "lokid (pyproject.toml)"


class Locked(msgspec.Struct, frozen=True):
    """One package of the lock, and what asks for it."""

    name: str
    version: str
    marker: str | None
    via: tuple[str, ...]
    hashes: int


def locked(text: str) -> dict[str, Locked]:
    """Every package of a lock, by name."""
    return {
        found["name"]: Locked(
            found["name"],
            found["version"],
            found["marker"] and found["marker"].strip(),
            tuple(re.findall(r"#   (?:via )?\s*(\S.*)", found["rest"]))
            or tuple(re.findall(r"# via (\S.*)", found["rest"])),
            found["rest"].count("--hash="),
        )
        for found in _ENTRY.finditer(text)
    }


def runtime(all_of_them: dict[str, Locked]) -> list[Locked]:
    """Those that lokid needs to run here, with all that they need, by name."""
    needed = {_OURS}
    while True:
        more = {one.name for one in all_of_them.values() if needed & set(one.via)}
        if more <= needed:
            break
        needed |= more
    here = (all_of_them[name] for name in sorted(needed - {_OURS}))
    return [one for one in here if not one.marker or Marker(one.marker).evaluate()]


def dependencies_page() -> str:
    """Each package that is installed with lokid."""
    packages = runtime(locked(LOCK.read_text("utf-8")))
    rows = [
        f"| `{one.name}` | {one.version} | {PURPOSES[one.name]} | {_asks(one)} |"
        f" {_licence(distribution(one.name))} | {_native(distribution(one.name))} |"
        for one in packages
    ]
    head = [
        "| package | version | for | asked for by | licence | native code |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(["# Dependencies\n", _BEGIN, *head, *rows, "", _END])


def _asks(one: Locked) -> str:
    parents = [name for name in one.via if name in PURPOSES]
    return ", ".join(["lokid"] * (_OURS in one.via) + parents)


def _licence(package: Distribution) -> str:
    told = package.metadata.get_all("License-Expression") or []
    told += package.metadata.get_all("License") or []
    return told[0] if told else "not told"


def _native(package: Distribution) -> str:
    files = [file.name for file in package.files or ()]
    return "yes" if any(name.endswith((".so", ".pyd")) for name in files) else "no"


_BEGIN = """\
What is installed with lokid, at the versions of `requirements.lock`, which pins each
with the checksums of its files (`make lock` writes it, `make` installs nothing else).
`uv tool install` and `pipx install` take the bounds of `pyproject.toml` instead.
"""
_END = """\
The tools of a developer are pinned in the same lock and are no part of lokid; what
only `make fuzz` installs is in `tests/faults/fuzz/requirements.lock`.

Tests hold the lock against `pyproject.toml` and against what each package asks for
(`tests/test_dependencies.py`), and one module to each package
([contributing](contributing.md)).

**To audit**, on a machine with a network:

    pipx run pip-audit --require-hashes -r requirements.lock

That asks a database of known vulnerabilities, which the build of this project cannot
reach: it was not run there, and this page does not say that there are none.
"""
