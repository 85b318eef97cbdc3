"""State machines and laws at their large size: a program that `properties` starts.

    python machines.py WHAT COUNT SEED

``log`` and ``ingest`` are the state machines of the tests, ``rebuild`` the law that
a log gives the same answers however it was come to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from rebuilt import rebuild
from story import Story
from test_ingest_machine import IngestMachine
from test_log_machine import LogMachine

STEPS = 40


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def _machine(
    machine: type[RuleBasedStateMachine], story: Story, count: int, start: int
) -> None:
    lives = [0, 0]

    class Counted(machine):  # type: ignore[misc, valid-type]  # made for one run
        """The same, counting."""

        def __init__(self) -> None:
            super().__init__()
            lives[0] += 1
            if lives[0] % 10 == 0:
                story.progress(min(lives[0], count), count)

        def check_invariants(self, *args: object, **more: object) -> None:
            lives[1] += 1
            super().check_invariants(*args, **more)

    seed(start)(Counted)
    run_state_machine_as_test(Counted, settings=_settings(count))
    story.add("histories", lives[0])
    story.add("steps", lives[1])


def _law(story: Story, count: int, start: int) -> None:
    def told() -> None:
        story.add("histories")
        if story.count("histories") % 10 == 0:
            story.progress(story.count("histories"), count)

    seed(start)(_settings(count)(rebuild(told)))()


RUNS: dict[str, Callable[[Story, int, int], None]] = {
    "log": lambda story, count, start: _machine(LogMachine, story, count, start),
    "ingest": lambda story, count, start: _machine(IngestMachine, story, count, start),
    "rebuild": _law,
}


def main(what: str, count: str, start: str) -> None:
    """Run one of them and tell of it; what it finds is a miss."""
    story = Story()
    try:
        RUNS[what](story, int(count), int(start))
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        notes = "\n".join(getattr(error, "__notes__", []))
        story.miss(f"machines.py {what} {count} {start}: {error!r}\n{notes}")
    story.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
