from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.simulator import Options, Simulator
from explain_rig import Files, exit_codes, facts_of, history, logged, told_words
from lokid.engine import Engine
from lokid.paths import Workspace, find_workspace
from rig import engine_on

Row = dict[str, Any]

BLOCKS, PARTS, AT_ONCE = 1000, 5, 5
"""Blocks in all; in so many histories; so many questions after an iteration."""


# -- every line of random blocks -----------------------------------------------


class Checked:
    """Holds each line of a block against the log and the files."""

    def __init__(self, at: Workspace, engine: Engine) -> None:
        """``engine`` is open on this workspace."""
        self.kinds: Counter[str] = Counter()
        self.blocks = 0
        self._at = at
        self._engine = engine
        self._files = Files(at.loki)
        self._log: dict[int, Row] = {}

    def block(self, now: str, params: dict[str, str]) -> None:
        """Ask for a block and explain each of its lines."""
        answer = self._engine.query("context", {**params, "now": now})
        self.blocks += bool(answer["text"])
        for line in answer["lines"]:
            text = line["text"]
            told = self._engine.query("explain", {"about": text, "now": now})
            self.kinds[line["kind"]] += 1
            if line["kind"] == "council":
                self._council(text, told)
            elif text.startswith("- gates: "):
                self._gates(text, told)
            else:
                assert line["lesson"] == told["lessons"][0]["lesson"], text
                self._lesson(text, told["lessons"][0])

    def _lesson(self, text: str, lesson: Row) -> None:
        """The failing class, the words of the error, what worked; and its facts."""
        fix = lesson["fix"]
        ends = [fix["confirmed"] or {}, *fix["candidates"], fix, lesson["state"]]
        rows = self._events(one.get("because", []) for one in ends)
        rows += self._events(one["events"] for one in lesson["sightings"])
        assert set() == self._lacking(told_words(text), rows), text
        count = lesson["count"]
        assert count == 1 or f"x{count}" in text, text
        facts = facts_of(text)
        if "phase" in facts:
            assert facts["phase"] in lesson["phases"]
        if "exit" in facts:
            assert int(facts["exit"]) in set(self._exit_codes(lesson))
        if "fp" in facts:
            shared = [one["fingerprint"] for one in lesson["fingerprints"]]
            assert facts["fp"] in shared

    def _exit_codes(self, lesson: Row) -> Iterator[int]:
        """What the harness's own files tell of the exits of its sightings."""
        for one in lesson["sightings"]:
            names = {row["source"] for row in one["events"] if row["source"]}
            for name in names:
                yield from exit_codes(self._files.text(name), one["iteration"])

    def _gates(self, text: str, told: Row) -> None:
        for row in told["gates"]:
            found = self._events([row["because"]])
            assert row["gate"] in text
            assert "red" == row["state"]
            assert set() == self._lacking([row["gate"]], found), text

    def _council(self, text: str, told: Row) -> None:
        assert "council" == told["kind"], text
        rows = self._events(one["events"] for one in told["rounds"])
        rows += self._events([told["blocks"]])
        assert set() == self._lacking(told_words(text), rows), text

    def _events(self, groups: Iterable[list[Row]]) -> list[Row]:
        """Rows of events that stand in the log just so."""
        rows = [row for group in groups for row in group]
        for row in rows:
            line = self._logged(row["seq"])
            source = line.get("src", {}).get("path")
            found = (line["id"], line["type"], line["time"], source)
            assert found == (row["id"], row["type"], row["time"], row["source"])
        return rows

    def _logged(self, seq: int) -> Row:
        if seq not in self._log:
            self._log = logged(self._at.log)
        return self._log[seq]

    def _lacking(self, words: Iterable[str], rows: list[Row]) -> set[str]:
        """Words that none of the files contains that told of these events."""
        assert rows
        return self._files.lacking(
            words, {row["source"] for row in rows if row["source"]}
        )


def _question(rng: random.Random) -> dict[str, str]:
    """Any of the ways in which a block may be asked for."""
    params = {
        "recent_lines": str(rng.randrange(1, 6)),
        "prior_lines": str(rng.randrange(6)),
        "council_lines": str(rng.randrange(4)),
        "max_bytes": str(rng.randrange(300, 2500)),
    }
    if rng.random() < 0.5:
        params["goal"] = rng.choice(["orders of the shop", "rows user login"])
    if rng.random() < 0.5:
        params["phase"] = rng.choice(["REASON", "ACT", "REFLECT", "VERIFY"])
    return params


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_each_line_of_random_blocks_leads_to_files_that_say_it(
    part: int, tmp_path: Path
) -> None:
    """A thousand blocks, asked for while histories are written file by file."""
    rng = random.Random(part)  # noqa: S311  a script, not a secret
    root = tmp_path / "work"
    root.mkdir()
    at = find_workspace(str(root), os.environ)
    simulator = Simulator(root, Options(harness=rng.choice([7, 9]), noise=False))
    told = history(part, 2 * BLOCKS // PARTS // AT_ONCE)
    ended = {(one.run, one.iteration): one.ended for one in told}
    before = (0, 0)
    with engine_on(at) as engine:
        checked = Checked(at, engine)
        for step in simulator.steps(told):
            here = (step.run, step.iteration)
            if here == before or here not in ended:
                continue
            before = here
            if checked.blocks >= BLOCKS // PARTS:
                break
            engine.scan()
            for _ in range(AT_ONCE):
                checked.block(ended[here], _question(rng))
    assert BLOCKS // PARTS <= checked.blocks
    assert {"recent", "prior", "council"} == set(checked.kinds)
