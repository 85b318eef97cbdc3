"""The quick part of every row of the fault table; `make faults` runs the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

import families
from attempt import MISS, NOT_RUN, attempt
from bugs import BUGS, Bug, seeded
from table import Row

QUICK = [row for row in families.rows() if row.quick]


@pytest.mark.fault
@pytest.mark.parametrize("row", QUICK, ids=lambda row: row.name)
def test_a_fault_loses_nothing(row: Row) -> None:
    """Its quick part has no miss; where the machine cannot run it, it says why."""
    result = attempt(row, quick=True, seed=1, say=lambda _done, _of: None)
    if result.result == NOT_RUN:
        pytest.skip(f"{result.reason}; to run it: {result.command}")
    assert result.result != MISS, "\n".join(result.misses[:10])


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_can_be_seeded_and_has_rows_to_find_it(
    bug: Bug, tmp_path: Path
) -> None:
    """Its patch fits the code as it is; `make faults` shows that the rows find it."""
    build = seeded(bug, tmp_path)
    for edit in bug.edits:
        compile((build / edit.file).read_bytes(), edit.file, "exec")
    assert bug.rows
    assert set(bug.rows) <= {row.name for row in families.rows()}
