"""How many of the fixes that are said are the true ones, by a history's truth.

    .venv/bin/python tests/bench/fixes.py HISTORY.jsonl...

A history is played by the simulator and read as any workspace is read; its
``then_worked`` says what worked after which trap.  Printed are, of the lessons
whose trap has a known fix, how many have one that is said (reach), and of the
command fixes that are said, how many are one of the true ones (precision).
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from cli.replays.progress import Progress
from cli.replays.staged import of_history
from cli.simulator import Iteration, read_history
from lokid.command import heads_of
from projections.fixes import Fix, Fixes
from projections.join import Join
from projections.lessons import Lessons

_ANY = "{..} "


def true_fixes(story: list[Iteration]) -> dict[str, set[str]]:
    """The heads that worked, by trap: it is the last that failed before in a run."""
    found: dict[str, set[str]] = {}
    run, last = 0, ""
    for item in story:
        run, last = item.run, "" if item.run != run else last
        last = item.trap or last
        if item.then_worked and last:
            found.setdefault(last, set()).update(heads_of(item.then_worked)[:1])
    return found


def is_true(fix: Fix, heads: set[str]) -> bool:
    """Whether a fix is one of these, or the options of one of these."""
    options = fix.text.partition(_ANY)[2]
    return fix.head in heads or any(options and h.endswith(options) for h in heads)


def count(file: Path, tally: Counter[str]) -> None:
    """Play one history and add what its lessons say."""
    material = of_history(file, Progress())
    truth = true_fixes(list(read_history(file)))
    join = Join()
    lessons = Lessons(join)
    for fact in material.facts:
        join.apply(fact)
        lessons.apply(fact)
    fixes = Fixes(join)
    for lesson in lessons.all():
        heads = {
            head
            for seen in lesson.sightings
            for head in truth.get(material.cause_of(seen), ())
        }
        fix = fixes.of(lesson).fix
        tally["lessons"] += 1
        tally["fixable"] += bool(heads)
        tally["edits"] += bool(fix and fix.kind == "edit")
        if fix and fix.kind == "command":
            tally["said"] += 1
            tally["true"] += is_true(fix, heads)
            tally["reached"] += is_true(fix, heads) and bool(heads)
            if not is_true(fix, heads):
                print(f"  wrong: {lesson.id} {lesson.newest.head}: {fix.text}")


def main() -> None:
    """Count over all histories given, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("histories", nargs="+", type=Path)
    tally: Counter[str] = Counter()
    for file in parser.parse_args().histories:
        count(file, tally)
        print(file.name, dict(tally))
    print(f"precision {tally['true']}/{tally['said']}, ", end="")
    print(f"reach {tally['reached']}/{tally['fixable']}")


if __name__ == "__main__":
    main()
