"""Makes real tools fail and writes what they print, labelled, as JSON lines.

    python tests/labelled/capture.py [--tools DIR] [TOOL ...]

Run it with the project's interpreter.  Each file `<tool>.jsonl` beside this
script is written anew, from temporary directories; records made by hand lie in
`written-*.jsonl` and stay.  What `--tools` names (else a temporary folder) gets
typescript, test runners and linters from npm and a virtual environment; nothing
else asks a registry.  Tools that are missing are named and left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import causes_bash
import causes_cargo
import causes_checkers
import causes_gcc
import causes_git
import causes_go
import causes_java
import causes_node
import causes_none
import causes_packages
import causes_pytest
import causes_python
import causes_runners
import causes_services
import causes_tsc
from envelope import wrap, wrap_clean
from ports import busy_port, serve
from trigger import Trigger

from bench import Bench

HERE = Path(__file__).parent
PACKAGES = ("typescript@5", "jest@29", "mocha@10", "eslint@9", "vitest@2", "pnpm@9")
FAILING = (
    *causes_pytest.PYTEST,
    *causes_checkers.UNITTEST,
    *causes_python.PYTHON,
    *causes_checkers.MYPY,
    *causes_checkers.RUFF,
    *causes_node.NODE,
    *causes_tsc.TSC,
    *causes_runners.RUNNERS,
    *causes_packages.NPM,
    *causes_packages.PNPM,
    *causes_packages.PIP,
    *causes_gcc.GCC,
    *causes_cargo.CARGO,
    *causes_go.GO,
    *causes_java.JAVA,
    *causes_bash.BASH,
    *causes_bash.CORE,
    *causes_git.GIT,
    *causes_services.CURL,
    *causes_services.MAKE,
    *causes_services.OTHERS,
)


def main() -> None:
    """Capture everything, or only the tools that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="TOOL")
    parser.add_argument("--tools", type=Path, help="a folder of tools to keep")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cap") as root:
        tools = asked.tools.resolve() if asked.tools else Path(root, "tools")
        install(tools)
        missing = missing_tools(tools)
        say(f"missing tools: {', '.join(sorted(missing)) or 'none'}")
        ports = [busy_port() for _ in range(3)]
        bench = Bench(
            root=Path(root),
            tools=tools,
            servers=tuple(serve() for _ in range(3)),
            busy=tuple(number for number, _ in ports),
        )
        chosen = [
            one
            for one in (*FAILING, *causes_none.PLAIN, *causes_none.WITHIN)
            if not missing & set(one.needs)
            and (not asked.only or one.tool in asked.only)
        ]
        write(bench, chosen)


def install(tools: Path) -> None:
    """Put the npm tools and a virtual environment into the folder, once."""
    tools.mkdir(parents=True, exist_ok=True)
    if not (tools / "venv").exists():
        subprocess.run([sys.executable, "-m", "venv", tools / "venv"], check=True)
    if not (tools / "node_modules").exists() and shutil.which("npm"):
        command = ["npm", "install", "--no-audit", "--no-fund", *PACKAGES]
        subprocess.run(command, cwd=tools, check=False, stdout=subprocess.DEVNULL)


def missing_tools(tools: Path) -> set[str]:
    """The programs that some trigger needs and that are not here."""
    places = (Path(sys.executable).parent, tools / "node_modules/.bin")
    every = (*FAILING, *causes_none.PLAIN, *causes_none.WITHIN)
    wanted = {name for one in every for name in one.needs}
    return {
        name
        for name in wanted
        if not shutil.which(name) and not any((at / name).exists() for at in places)
    }


def write(bench: Bench, triggers: list[Trigger]) -> None:
    """Run the triggers, two at a time, and write one file a tool."""
    jobs = [(one, turn) for one in triggers for turn in range(one.times)]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda job: record(bench, *job), jobs))
    files: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for (trigger, _), told in zip(jobs, made, strict=True):
        mine = files[trigger.tool]
        mine.append({"id": f"{trigger.tool}-{len(mine) + 1:03}"} | told)
    for name, records in files.items():
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
        (HERE / f"{name}.jsonl").write_text(text)
        say(f"{name}: {len(records)}")


def say(line: str) -> None:
    """Tell the person who waits how far it is."""
    sys.stdout.write(f"{line}\n")


def record(bench: Bench, trigger: Trigger, turn: int) -> dict[str, Any]:
    """One run as a record; every third is wrapped as the agent's stream shows it."""
    out = bench.run(trigger, turn)
    clean = trigger.cause is None
    wrapped = trigger in causes_none.WITHIN or turn % 3 == (1 if clean else 2)
    seed = f"{trigger.tool}{trigger.cause}{trigger.command}{turn}"
    command = out.command.replace(str(bench.tools), out.home)
    text = out.text
    if wrapped and clean:
        text = wrap_clean(text, command, seed)
    elif wrapped:
        text = wrap(text, command, out.exit_code, seed)
    told: dict[str, Any] = {
        "tool": trigger.tool,
        "real": True,
        "exit_code": out.exit_code,
        "text": text,
        "cause": trigger.cause,
        "family": trigger.family,
    }
    if trigger.unlike:
        told["unlike"] = trigger.unlike
    return told | {"wrapped": wrapped}


if __name__ == "__main__":
    main()
