"""The whole answer of a replay: every policy played, held against the bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from cli.replays.controls import control
from cli.replays.material import Material
from cli.replays.play import Player
from cli.replays.policies import Policy
from cli.replays.progress import Progress
from lokid.config import Settings
from lokid.projection import Answer
from projections.replay import Story
from projections.replay_bars import bars, of_score, of_story

SCHEMA = 1
BARRED = "both"
"""The policy that the bars are set for."""


class Setup(NamedTuple):
    """What is replayed, with which settings, and who is told how far it is."""

    material: Material
    settings: Settings
    progress: Progress


def replayed(setup: Setup, policies: Sequence[Policy]) -> Answer:
    """Each policy's row, and the bars for block and check together."""
    story = Story(setup.material.turns)
    rows = [
        of_score(policy.name, _player(setup, policy).play(story), story.runs)
        for policy in policies
    ]
    barred = next((row for row in rows if row["policy"] == BARRED), None)
    return {
        "schema": SCHEMA,
        "story": {**of_story(story), "missed": setup.material.missed},
        "policies": rows,
        "bars": bars(barred) if barred else [],
    }


def controlled(setup: Setup, policies: Sequence[Policy], kind: str) -> Answer:
    """How often each policy's check fires on commands that never failed here."""
    story = Story(control(kind, setup.material.turns))
    rows = []
    for policy in policies:
        if policy.check and policy.name != BARRED:
            alone = msgspec.structs.replace(policy, block="none")
            score = _player(setup, alone).play(story)
            row = of_score(policy.name, score, story.runs)
            rows.append(
                {
                    "policy": policy.name,
                    "commands": score.commands,
                    "fires": score.fires,
                    "false": row["false"],
                }
            )
    return {"schema": SCHEMA, "control": kind, "policies": rows}


def _player(setup: Setup, policy: Policy) -> Player:
    turns = len(setup.material.turns)
    setup.progress.begin(f"replaying {policy.name}, iteration", turns)
    return Player(setup.material, policy, setup.settings, setup.progress.step)
