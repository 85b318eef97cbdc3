"""Properties: state machines and laws at their large size, and fuzzers.

The machines are those of the tests (``test_log_machine.py``,
``test_ingest_machine.py``), the fuzzers those of ``fuzz/``, each in programs of
their own.  A miss names the command that makes it again.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from story import hear
from table import Bench, NotRun, Outcome, Row

HERE = Path(__file__).resolve().parent
FUZZ = HERE / "fuzz" / "fuzz_run.py"
LOG_MUTANTS = 10_000
SOURCE_MUTANTS = 2_000
GUIDED_RUNS = 5_000
TARGETS = ("codec", "log", "events", "crashes", "sessions")
"""What the guided fuzzer gets; our own mutator takes every source."""
LONGEST = 1800


def _machine(bench: Bench, what: str, quick: int, whole: int) -> Outcome:
    count = quick if bench.quick else whole
    (outcome,) = hear(bench, "machines.py", [(what, count, bench.seed)])
    return outcome


def _log_machine(bench: Bench) -> Outcome:
    return _machine(bench, "log", 6, 600)


def _ingest_machine(bench: Bench) -> Outcome:
    return _machine(bench, "ingest", 6, 1500)


def _rebuild(bench: Bench) -> Outcome:
    return _machine(bench, "rebuild", 10, 1000)


def _fuzz(bench: Bench, targets: tuple[str, ...], runs: int) -> Outcome:
    options = ("--runs", runs, "--seed", bench.seed)
    (outcome,) = hear(bench, "fuzz/fuzz_run.py", [(*targets, *options)])
    return outcome


def _fuzz_log(bench: Bench) -> Outcome:
    return _fuzz(bench, ("log", "codec"), 100 if bench.quick else LOG_MUTANTS)


def _fuzz_sources(bench: Bench) -> Outcome:
    return _fuzz(bench, ("sources",), 20 if bench.quick else SOURCE_MUTANTS)


def _fuzz_guided(bench: Bench) -> Outcome:
    if importlib.util.find_spec("atheris") is None:
        raise NotRun(
            "atheris is not installed (Linux on x86_64 only)",
            "make fuzz && make faults ARGS='--only fuzz-guided'",
        )
    outcome = Outcome(figures={"targets": 0, "inputs": 0})
    for nth, target in enumerate(TARGETS):
        bench.say(nth, len(TARGETS))
        options = ["--atheris", "--runs", str(GUIDED_RUNS), "--seed", str(bench.seed)]
        command = [sys.executable, str(FUZZ), target, *options]
        ended = subprocess.run(
            command,
            cwd=bench.folder,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        outcome.figures["targets"] = nth + 1
        outcome.figures["inputs"] = GUIDED_RUNS * (nth + 1)
        if ended.returncode:
            said = ended.stderr[-1500:]
            outcome.misses.append(f"{target}: ended {ended.returncode}: {said}")
    return outcome


ROWS = (
    Row(
        family="properties",
        name="log-machine",
        fault="a log killed, damaged, compacted, redacted, mended, in any order",
        mark="600 lives: all that was acknowledged is served once, in order",
        run=_log_machine,
    ),
    Row(
        family="properties",
        name="ingest-machine",
        fault="files written, half-written, rotated, trimmed, deleted, lokid killed",
        mark="1,500 lives: each whole content once, never a part of one",
        run=_ingest_machine,
    ),
    Row(
        family="properties",
        name="rebuild",
        fault="a state come to by replay, by reopening, by snapshots",
        mark="1,000 histories: the same bytes, however",
        run=_rebuild,
    ),
    Row(
        family="properties",
        name="fuzz-log",
        fault="malformed logs and lines, most of them under checksums that fit",
        mark="10,000 mutants each: no traceback, under 2 s, under 200 MB",
        run=_fuzz_log,
    ),
    Row(
        family="properties",
        name="fuzz-sources",
        fault="malformed files of every source",
        mark="2,000 mutants a source: no traceback, under 2 s, under 200 MB",
        run=_fuzz_sources,
    ),
    Row(
        family="properties",
        name="fuzz-guided",
        fault="inputs that a fuzzer chooses by the paths they take (atheris)",
        mark="5,000 inputs each: no traceback, under 2 s, under 200 MB",
        run=_fuzz_guided,
        quick=False,
    ),
)
