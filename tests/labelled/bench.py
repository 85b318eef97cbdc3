"""The bench on which real tools are made to fail, and what is kept of it.

A `Trigger` says how one cause is brought about and what it is called; the bench
brings it about several times, each time in another project directory, with other
padding above the faulty line, other values, ports and words.  Promises: a
trigger that does not fail (or a clean one that does) stops the script, nothing
of this machine's paths stays in a text.  Refuses: to guess a label.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ports import closed_port
from trigger import Trigger

SECONDS = 120
"""A trigger that runs longer is broken."""

HOMES = (
    ("/home/dev/app", "/home/dev"),
    ("/srv/build/w12", "/srv/build"),
    ("/Users/dev/code/shop", "/Users/dev"),
    ("/workspace/repo", "/home/node"),
    ("/builds/team/api", "/home/runner"),
    ("/opt/ci/agent-3/checkout", "/opt/ci"),
    ("/var/lib/jenkins/workspace/nightly", "/var/lib/jenkins"),
    ("/mnt/data/projects/billing", "/home/ubuntu"),
)
_WORDS = ("amber", "quartz-7", "delta", "u-8841", "Mercury", "k93x", "north", "zz top")
_PADDING = (0, 11, 4, 37, 23, 2)
_REGISTRIES = re.compile(
    r"https?://(?:[\w-]+\.)*(?:npmjs\.(?:org|com)|pypi\.org|crates\.io|"
    r"pythonhosted\.org|maven\.(?:apache\.)?org|golang\.org)[^\s'\"]*"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run of a trigger printed."""

    command: str
    text: str
    exit_code: int
    home: str


@dataclass(frozen=True)
class Bench:
    """A place to run triggers: its root, the tools' folder, the local servers."""

    root: Path
    tools: Path
    servers: tuple[str, ...]
    busy: tuple[int, ...]

    def run(self, trigger: Trigger, turn: int) -> Outcome:
        """Bring the cause about once; ``turn`` chooses the volatile parts."""
        seed = f"{trigger.tool}/{trigger.cause or trigger.command}/{turn}"
        rng = random.Random(seed)  # noqa: S311 - a choice of words, not a secret
        folder = self.root / f"t{rng.getrandbits(48):012x}"
        home = folder.with_suffix(".home")
        folder.mkdir()
        home.mkdir()
        fill = Filling(self, rng, turn)
        for name, text in trigger.files.items():
            path = folder / fill(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fill(textwrap.dedent(text).lstrip("\n")))
        if "pytest" in str(trigger.command):
            # an empty one keeps pytest from taking a folder above for its root
            (folder / "pytest.ini").write_text("[pytest]\n")
        if trigger.setup:
            trigger.setup(folder)
        env = self._environment(home, rng) | trigger.env
        if trigger.before:
            self._bash(fill(trigger.before), folder, env)
        lines = trigger.command
        command = fill(lines if isinstance(lines, str) else lines[turn % len(lines)])
        done = self._bash(command, folder, env)
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        if (code == 0) != (trigger.cause is None):
            raise SystemExit(f"{seed}: exit {code}\n{command}\n{done.stdout}")
        project, user = rng.choice(HOMES)
        text = self._scrub(done.stdout, folder, home, project, user)
        return Outcome(command=command, text=text, exit_code=code, home=project)

    def _bash(self, command: str, folder: Path, env: dict[str, str]) -> Any:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )

    def _environment(self, home: Path, rng: random.Random) -> dict[str, str]:
        real = Path.home()
        first = (Path(sys.executable).parent, self.tools / "node_modules/.bin")
        return {
            "PATH": ":".join([*map(str, first), os.environ["PATH"]]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "COLUMNS": str(rng.choice((80, 80, 100, 120))),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
            "CARGO_NET_OFFLINE": "true",
            "GOCACHE": str(self.tools / "gocache"),
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "NPM_CONFIG_UPDATE_NOTIFIER": "false",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_AUTHOR_NAME": "dev",
            "GIT_AUTHOR_EMAIL": "dev@example.org",
            "GIT_COMMITTER_NAME": "dev",
            "GIT_COMMITTER_EMAIL": "dev@example.org",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def _scrub(
        self, text: str, folder: Path, home: Path, project: str, user: str
    ) -> str:
        """The text as another machine would have printed it."""
        venv, prefix = Path(sys.prefix), Path(sys.base_prefix)
        swaps = (
            (str(home), user),
            (str(folder), project),
            (str(self.tools / "venv"), f"{user}/.venv"),
            (str(self.tools / "node_modules"), f"{project}/node_modules"),
            (str(venv), f"{project}/.venv"),
            (str(venv.parent), project),
            (f"{prefix}/lib", "/usr/lib"),
            (f"{prefix}/bin", "/usr/bin"),
            (f"{Path.home()}/.rustup", f"{user}/.rustup"),
            (f"{Path.home()}/.cargo", f"{user}/.cargo"),
            (str(Path.home()), user),
            ("crates.io index", "the index"),
            (folder.name, Path(project).name),
        )
        for ours, theirs in swaps:
            text = text.replace(ours, theirs)
        text = _REGISTRIES.sub("https://registry.example.org/", text)
        text = re.sub(
            rf"(?:\.\./)+{self.tools.name}/node_modules", "node_modules", text
        )
        for word in (self.root.name, self.tools.name, "pyproject.toml"):
            if re.search(rf"/{re.escape(word)}\b", text):
                raise SystemExit(f"a path of this machine stays in: {text}")
        return text


class Filling:
    """Fills the ``@NAME@`` places of a trigger with this turn's volatile parts."""

    def __init__(self, bench: Bench, rng: random.Random, turn: int) -> None:
        """Draw the values of one turn."""
        self._rng = rng
        server = bench.servers[turn % len(bench.servers)]
        self._values = {
            "N": str(rng.randint(2, 9) * 10 ** rng.randint(0, 4) + turn),
            "M": str(rng.randint(11, 99)),
            "W": _WORDS[(turn * 3 + rng.randint(0, 2)) % len(_WORDS)],
            "HEX": f"{rng.getrandbits(40):010x}",
            "PORT": str(closed_port()),
            "SERVER": server,
            "TOOLS": str(bench.tools),
            "BUSY": str(bench.busy[turn % len(bench.busy)]),
        }
        self._padding = _PADDING[turn % len(_PADDING)]

    def __call__(self, text: str) -> str:
        """Give the text with its places filled; ``@PAD#@`` is lines of comment."""
        text = re.sub(r"@PAD(#|//|--)@\n?", self._pad, text)
        return re.sub(r"@([A-Z]+)@", self._value, text)

    def _pad(self, found: re.Match[str]) -> str:
        lines = (f"{found[1]} note {one}\n" for one in range(self._padding))
        return "".join(lines)

    def _value(self, found: re.Match[str]) -> str:
        return self._values[found[1]]
