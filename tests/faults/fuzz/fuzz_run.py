"""Fuzz what reads bytes from outside: no traceback, under 2 s, under 200 MB each.

    python tests/faults/fuzz/fuzz_run.py [TARGET ...] [--runs N] [--seed N]
                                         [--only K] [--atheris]

Without ``--atheris`` our own seeded mutator makes the inputs (``fuzz_mutate.py``),
and ``--only K`` runs mutant K again.  With it, atheris looks for new paths through
the code (``make fuzz`` installs it), one target at a time.

Time is the processor's, since a busy machine is no finding; a target that never
ends is ended after a minute.  Memory is what the process may take more than it had.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib.util
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent), str(HERE.parents[1])]

SECONDS = 2.0
BYTES = 200 << 20
HANG = 60


class Slow(Exception):
    """An input took too long."""


def judged(read: Callable[[bytes], None], data: bytes) -> str:
    """What is wrong with how an input was read; empty when nothing is."""
    begun = time.process_time()
    try:
        with _little_memory(), _little_time():
            read(data)
    except Slow:
        return f"took over {SECONDS:g} s"
    except MemoryError:
        return f"took over {BYTES >> 20} MB"
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        return f"{type(error).__name__}: {str(error)[:200]}{_where(error)}"
    took = time.process_time() - begun
    return f"took {took:.1f} s" if took > SECONDS else ""


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"


@contextlib.contextmanager
def _little_time() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(_number: int, _frame: object) -> None:
    raise Slow


@contextlib.contextmanager
def _little_memory() -> Iterator[None]:
    statm = Path("/proc/self/statm")
    if not statm.exists():  # no Linux: nothing to limit it by
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(statm.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def mutate(names: list[str], runs: int, seed: int, only: int | None) -> int:
    """Run our own mutants; tells a row its story; the exit code."""
    from fuzz_mutate import Mutator
    from fuzz_targets import Targets
    from story import Story

    story = Story()
    targets = Targets()
    numbers = range(runs) if only is None else (only,)
    chosen = names or list(targets.by_name)
    if chosen == ["sources"]:
        chosen = [name for name in targets.by_name if name not in ("codec", "log")]
    for nth, name in enumerate(chosen):
        target = targets.by_name[name]
        mutator = Mutator(target.seeds, f"{seed}/{name}", sealed=target.sealed)
        found: set[str] = set()
        for number in numbers:
            faulthandler.dump_traceback_later(HANG, exit=True)
            wrong = judged(target.read, mutator.mutant(number))
            if wrong and wrong not in found:
                found.add(wrong)
                story.miss(f"{name} --seed {seed} --only {number}: {wrong}")
            story.add("inputs")
            if number % 100 == 0:
                story.progress(nth * runs + number, len(chosen) * runs)
        story.add("targets")
    faulthandler.cancel_dump_traceback_later()
    targets.close()
    story.end()
    return 0


def guided(name: str, runs: int, seed: int) -> None:
    """Let atheris choose; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["lokid"]):
        from fuzz_mutate import seal
        from fuzz_targets import Targets
    targets = Targets()
    target = targets.by_name[name]
    corpus = Path(targets.folder, "corpus")
    corpus.mkdir()
    for nth, data in enumerate(target.seeds):
        (corpus / str(nth)).write_bytes(data)

    def one(data: bytes) -> None:
        if wrong := judged(target.read, data):
            raise AssertionError(wrong)

    def changed(data: bytes, most: int, chance: int) -> bytes:
        told = bytes(atheris.Mutate(data, most))
        return seal(told)[:most] if target.sealed and chance % 4 else told

    options = [
        f"-runs={runs}",
        f"-seed={seed}",
        f"-timeout={HANG}",
        "-max_len=20000",
        "-rss_limit_mb=0",  # judged by the input
        f"-artifact_prefix={Path.cwd()}/",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=changed)
    atheris.Fuzz()


def main() -> int:
    """Do what was asked; the exit code."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("targets", nargs="*", help="codec, log, sources, or one of them")
    told.add_argument("--runs", type=int, default=1000)
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--only", type=int, help="run this mutant again")
    told.add_argument("--atheris", action="store_true")
    asked = told.parse_args()
    signal.signal(signal.SIGPROF, _too_slow)
    if not asked.atheris:
        return mutate(asked.targets, asked.runs, asked.seed, asked.only)
    if importlib.util.find_spec("atheris") is None:
        told.error("atheris is not installed; make fuzz installs it")
    if len(asked.targets) != 1:
        told.error("--atheris takes one target")
    guided(asked.targets[0], asked.runs, asked.seed)
    return 1


if __name__ == "__main__":
    sys.exit(main())
