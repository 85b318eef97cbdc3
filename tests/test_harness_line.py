"""The line of docs/harness.md does in a shell what that page says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo import HARNESS_LINE

DOCS = Path(__file__).parent.parent / "docs"
BASH = shutil.which("bash") or ""
pytestmark = pytest.mark.skipif(not BASH, reason="bash is not installed")

HARNESS = r"""#!/usr/bin/env bash
set -uo pipefail
# Of the shape of the real one: the function keeps a quoted heredoc with its own
# redirections behind variables for one command, and main runs only when executed.
retrieve_memory_context() {
    local goal="$1"
    local phase="$2"
    if [ ! -d "${TARGET_DIR:-.}" ]; then
        return
    fi
    _GOAL="$goal" _PHASE="$phase" \
    _KNOB="${LOKI_FAILURE_MEMORY:-1}" \
    "$PYTHON" << 'PYEOF' 2>/dev/null || true
import os
print("RELEVANT MEMORIES:", os.environ["_GOAL"], os.environ["_PHASE"])
if os.environ["_KNOB"] != "0":
    print("the harness's own failures")
PYEOF
    if [ -n "${AFTER:-}" ]; then
        echo "after"
    fi
}
build_prompt() {
    local memory_context
    memory_context=$(retrieve_memory_context "mend the parser" "iteration-3")
    printf 'CONTEXT: %s|' "$memory_context"
}
main() { build_prompt; echo "$* knob=${LOKI_FAILURE_MEMORY:-unset}"; }
if [[ "${BASH_SOURCE[0]}" == "${0}" ]]; then
    main "$@"
fi
"""
LOKICTL = r"""#!/usr/bin/env bash
echo "PAST FAILURES TO AVOID: [$*] knob=${LOKI_FAILURE_MEMORY:-unset}"
echo "noise" >&2
exit "${LOKICTL_EXIT:-0}"
"""


def blocks() -> list[str]:
    """Give the shell code of the page."""
    page = (DOCS / "harness.md").read_text("utf-8")
    return re.findall(r"```bash\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def harness(tmp_path: Path) -> Path:
    """Lay out a harness whose prompt can be seen, and a lokictl that tells."""
    script = tmp_path / "autonomy" / "run.sh"
    script.parent.mkdir()
    script.write_text(HARNESS)
    command = tmp_path / "bin" / "lokictl"
    command.parent.mkdir()
    command.write_text(LOKICTL)
    command.chmod(0o755)
    return tmp_path


def prompt(harness: Path, script: str, **environ: str) -> tuple[str, str]:
    """Run a script that starts the harness; its output and its complaints."""
    path = f"{harness / 'bin'}:/usr/bin:/bin"
    ran = subprocess.run(
        [BASH, "-c", script, "loki", "prd.md"],
        capture_output=True,
        text=True,
        check=True,
        cwd=harness,
        env={
            "PATH": path,
            "PYTHON": sys.executable,
            "LOKI_HOME": str(harness),
            "TARGET_DIR": ".",
            **environ,
        },
    )
    return ran.stdout, ran.stderr


def started_through_the_line() -> str:
    """Give the page's start script, which sources the harness."""
    _, script = blocks()
    return script


def test_the_line_stands_once() -> None:
    """The start script holds the very line that the page explains."""
    line, script = blocks()
    assert 1 == script.count(line.strip())
    assert 1 == len(line.strip().splitlines())


def test_the_block_follows_the_harness_and_replaces_its_own(harness: Path) -> None:
    """First what the harness prints, without its failures, then lokid's block."""
    told, complaints = prompt(harness, started_through_the_line())
    assert (
        "CONTEXT: RELEVANT MEMORIES: mend the parser iteration-3\n"
        "PAST FAILURES TO AVOID: [-C . context --goal mend the parser] knob=unset"
        "|prd.md knob=unset\n"
    ) == told
    assert "" == complaints


def test_without_the_line_the_harness_is_as_it_was(harness: Path) -> None:
    """The stand-in prints its own failures when nothing wraps it."""
    told, _ = prompt(harness, 'bash "$LOKI_HOME/autonomy/run.sh" "$@"')
    assert "the harness's own failures" in told


def test_the_line_in_the_harness_does_the_same(harness: Path) -> None:
    """Inserted above the last lines of the script, it gives the same prompt."""
    line, script = blocks()
    expected = prompt(harness, script)
    patched = HARNESS.replace("if [[", line + "if [[", 1)
    (harness / "autonomy" / "run.sh").write_text(patched)
    assert expected == prompt(harness, 'bash "$LOKI_HOME/autonomy/run.sh" "$@"')


def test_the_knob_reaches_lokictl(harness: Path) -> None:
    """What the user said of LOKI_FAILURE_MEMORY holds for lokictl as well."""
    told, _ = prompt(harness, started_through_the_line(), LOKI_FAILURE_MEMORY="0")
    assert "--goal mend the parser] knob=0" in told
    assert told.endswith("knob=0\n")


def test_a_failing_lokictl_costs_the_block_never_the_prompt(harness: Path) -> None:
    """Its exit code and its noise stay out."""
    told, complaints = prompt(harness, started_through_the_line(), LOKICTL_EXIT="70")
    assert told.startswith("CONTEXT: RELEVANT MEMORIES: mend the parser iteration-3")
    assert "" == complaints


def test_without_lokictl_the_harness_keeps_its_own_block(harness: Path) -> None:
    """An absent lokictl takes nothing away, and it is said why."""
    (harness / "bin" / "lokictl").unlink()
    told, complaints = prompt(harness, started_through_the_line())
    assert "the harness's own failures" in told
    assert "lokid: no lokictl on PATH" in complaints


def test_the_line_run_twice_does_nothing_more(harness: Path) -> None:
    """Patched into the harness and in the start script: one block, no loop."""
    line, script = blocks()
    expected = prompt(harness, script)
    assert expected == prompt(harness, script.replace(line, line + line))


def test_a_harness_without_the_function_starts_all_the_same(harness: Path) -> None:
    """Renamed by an update: the line is no error, not even under set -e."""
    run = harness / "autonomy" / "run.sh"
    run.write_text(HARNESS.replace("retrieve_memory_context", "memories_for"))
    told, _ = prompt(harness, "set -euo pipefail\n" + started_through_the_line())
    assert "RELEVANT MEMORIES" in told


def test_the_wrapped_function_runs_to_its_end(harness: Path) -> None:
    """A copy of a function keeps what stands behind its heredoc."""
    told, _ = prompt(harness, started_through_the_line(), AFTER="1")
    assert "iteration-3\nafter\nPAST FAILURES" in told


def test_the_line_is_the_same_wherever_it_stands() -> None:
    """README and demo show the line that is tested here."""
    line, _ = blocks()
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert line in readme
    assert line.strip() == HARNESS_LINE
