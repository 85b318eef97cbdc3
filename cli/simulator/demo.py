"""The story that `make run` tells: nine iterations in two runs.

A parser breaks on an empty body, twice; a tool is missing; a page breaks in
Node; the documentation gate is red three times in a row; the council sends the
work back.  In the second run the agent is interrupted, then says nothing, then
comes through.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from cli.simulator.history import Command, Council, Iteration, Review, Vote
from lokid.clock import stamp

_GOAL = "export the shop's orders"
_FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
_WORK, _PAUSE, _NIGHT = timedelta(seconds=95), timedelta(seconds=60), timedelta(hours=3)
_DOCS_RED = {"doc_coverage": "fail"}

_EMPTY_BODY = """\
Traceback (most recent call last):
  File "/srv/shop/scripts/export_orders.py", line {line}, in <module>
    main()
  File "/srv/shop/shop/export.py", line {inner}, in load_orders
    return json.loads(body)
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"""
_NO_ROWS = """\
/srv/shop/web/orders.js:41
TypeError: Cannot read properties of undefined (reading 'rows')
    at renderOrders (/srv/shop/web/orders.js:41:18)
    at async showPage (/srv/shop/web/index.js:12:3)"""
_NO_TOOL = "bash: line 1: jq: command not found"


def demo_history(start: datetime | None = None) -> list[Iteration]:
    """The story, its first iteration at ``start`` (aware; default a fixed day)."""
    at = start or _FIRST
    told: list[Iteration] = []
    for scene in _SCENES:
        if told and scene.run != told[-1].run:
            at += _NIGHT
        ended = at + _WORK
        told.append(
            msgspec.structs.replace(
                scene, goal=_GOAL, time=stamp(at), ended=stamp(ended)
            )
        )
        at = ended + _PAUSE
    return told


def _scene(run: int, iteration: int, **rest: object) -> Iteration:
    """An iteration without its times and goal, which follow from its place."""
    scene = {"run": run, "iteration": iteration, "time": "", "ended": "", **rest}
    return msgspec.convert(scene, Iteration)


def _python(line: int, inner: int) -> dict[str, object]:
    said = _EMPTY_BODY.format(line=line, inner=inner)
    tried = Command(
        command="python3 scripts/export_orders.py --day today",
        exit_code=1,
        output=said,
        trap="empty-body",
    )
    return {
        "exit_code": 1,
        "commands": [msgspec.to_builtins(tried)],
        "output": "Running the export once.\n" + said,
        "trap": "empty-body",
        "kind": "code",
    }


_SCENES = (
    _scene(
        1,
        1,
        commands=[{"command": "pytest tests/test_export.py -q", "output": "4 passed"}],
        output="The export reads the orders of a day.",
        files=["shop/export.py", "tests/test_export.py"],
        commit="3f1c2ab",
        review={
            "verdicts": {"architecture-strategist": "PASS", "eng-database": "PASS"}
        },
    ),
    _scene(1, 2, gates=_DOCS_RED, **_python(19, 33)),
    _scene(
        1,
        3,
        gates=_DOCS_RED,
        exit_code=127,
        commands=[
            {
                "command": "jq '.orders | length' out/orders.json",
                "exit_code": 127,
                "output": _NO_TOOL,
                "trap": "no-jq",
            }
        ],
        output="Counting the exported orders.\n" + _NO_TOOL,
        trap="no-jq",
        kind="env",
    ),
    _scene(
        1,
        4,
        gates=_DOCS_RED,
        provider="text",
        exit_code=1,
        commands=[
            {
                "command": "node web/index.js",
                "exit_code": 1,
                "output": _NO_ROWS,
                "trap": "no-rows",
            }
        ],
        output="Opening the page of orders.\n" + _NO_ROWS,
        trap="no-rows",
        kind="code",
    ),
    _scene(1, 5, **_python(24, 38)),
    _scene(
        1,
        6,
        commands=[{"command": "pytest -q", "output": "11 passed"}],
        output="The export is done.",
        files=["shop/export.py", "docs/export.md"],
        commit="9b04e7d",
        council=msgspec.to_builtins(
            Council(
                outcome="rejected",
                votes=(
                    Vote(
                        role="requirements_verifier",
                        verdict="reject",
                        reason="an empty day is not exported as an empty list",
                    ),
                    Vote(
                        role="test_auditor",
                        verdict="reject",
                        reason="no test reads an empty body",
                    ),
                    Vote(
                        role="devils_advocate",
                        verdict="approve",
                        reason="the format is as agreed",
                    ),
                ),
            )
        ),
    ),
    _scene(
        2,
        1,
        provider="killed",
        exit_code=143,
        commands=[{"command": "pytest -q", "output": "11 passed"}],
        output="Looking at what the council asked for.",
        trap="stopped",
        kind="noise",
    ),
    _scene(2, 2, provider="empty", exit_code=1, trap="silent", kind="noise"),
    _scene(
        2,
        3,
        commands=[
            {"command": "python3 scripts/export_orders.py", "output": "0 orders"},
            {"command": "pytest -q", "output": "14 passed"},
        ],
        output="An empty body is an empty day now.",
        files=["shop/export.py", "tests/test_export.py"],
        commit="c77d015",
        then_worked="python3 scripts/export_orders.py",
        review=msgspec.to_builtins(
            Review(verdicts={"architecture-strategist": "PASS", "eng-database": "PASS"})
        ),
        council={
            "outcome": "approved",
            "votes": [
                {"role": "requirements_verifier", "verdict": "approve"},
                {"role": "test_auditor", "verdict": "approve"},
                {"role": "devils_advocate", "verdict": "approve"},
            ],
        },
    ),
)
