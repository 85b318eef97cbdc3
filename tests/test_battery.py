"""The trap battery, one small seed of it: `python tests/battery.py` runs more."""

from __future__ import annotations

import pytest

from battery import ARMS, CONTROL, Row, control, table, trial, warned
from battery_story import TRAPS

SEED, RUNS, TURNS = 1, 3, 5
BOUNDS = {
    "no memory": (1.0, 1.0),
    "harness": (0.1, 0.9),
    "block": (0.0, 0.5),
    "check": (0.0, 0.0),
    "both": (0.0, 0.0),
}
"""How often it may fall again into a trap, by arm."""


@pytest.mark.parametrize("arm", ARMS)
def test_the_agent_falls_again_as_often_as_nobody_warns_it(arm: str) -> None:
    """From the harness's files over a live daemon to the agent's next step."""
    count = trial(arm, SEED, RUNS, TURNS)
    least, most = BOUNDS[arm]
    assert 5 <= count.chances
    assert least <= count.rate <= most
    assert 0 == count.vain


def test_a_memory_of_other_traps_neither_helps_nor_speaks() -> None:
    """The control: both, asked in a workspace that learned other traps."""
    count = control(SEED, RUNS, TURNS)
    assert 1.0 == count.rate
    assert 0 == count.fires
    assert 10 <= count.checks


def test_a_warning_is_about_one_trap_only() -> None:
    """No trap's own output would warn of another one."""
    for trap in TRAPS:
        lines = [line for line in trap.output.splitlines() if line]
        joined = " ".join(lines)
        found = [other for other in TRAPS if warned(other, [joined])]
        assert [trap] == found


def test_the_table_has_a_row_an_arm() -> None:
    """Shares with their range over the seeds."""
    from battery import Count

    counts = (Count(4, 1, 8, 2, 0), Count(4, 3, 8, 2, 0))
    rows = table([Row(ARMS[3], counts), Row(CONTROL, counts[:1])]).splitlines()
    assert "| check | 4 of 8 | 50 % (25 to 75) | 4 of 16 | 0 |" == rows[2]
    assert 4 == len(rows)
