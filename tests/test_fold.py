"""Folding calls each read model with what it hears, and that is all it needs."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings

from facts import NOW, views
from lokid.config import Settings
from lokid.events import EVENTS, Event, LessonSummarised, Recorded, Src
from lokid.views import Views
from projections import build
from story_strategy import stories

PATIENT = settings(max_examples=25, deadline=None)
PLAIN: dict[Any, object] = {int: 1, float: 0.5, bool: True}


def answers(told: Any) -> bytes:
    """What every read model answers."""
    names = [view.name for view in build()]
    return msgspec.json.encode([told(name) for name in names])


def called_with_all(facts: list[Recorded]) -> bytes:
    """The answers of read models that were called with every event."""
    known = views(facts)
    return answers(lambda name: known[name].query({}, NOW))


def called_with_heard(facts: list[Recorded]) -> bytes:
    """The same as an engine folds."""
    known = Views(build(), Settings())
    known.fold(facts)

    def told(name: str) -> dict[str, Any]:
        answer = known.query(name, {"now": NOW}, stale=False, reason=None)
        for key in ("schema", "as_of_seq", "stale", "reason"):
            del answer[key]
        return answer

    return answers(told)


MORE: dict[Any, dict[str, object]] = {LessonSummarised: {"older_runs": 1}}
"""What no compaction leaves out, though the fields may be."""


def sample(kind: Any) -> Any:
    """What such a field must have, and no more."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        needed = {one.name: sample(one.type) for one in fields if one.required}
        return needed | MORE.get(kind, {})
    if get_origin(kind) is tuple:
        return [sample(get_args(kind)[0])]
    return PLAIN.get(kind, "ab" * 16)


def a_fact(seq: int, kind: type[Event] | None) -> Recorded:
    """A line whose event has what it must have, and no more; None: not known."""
    return Recorded(
        seq=seq,
        id=f"{seq:032x}",
        time=NOW,
        at=NOW,
        type=kind.TYPE if kind else "moon.landed",
        event=msgspec.convert(sample(kind), kind) if kind else None,
        src=Src(path="council/state.json", nth=seq),
        crc=f"{seq:08x}",
    )


@PATIENT
@given(stories)
def test_what_a_read_model_does_not_hear_changes_none_of_its_answers(
    facts: list[Recorded],
) -> None:
    """Called with every event or with what it names, it answers the same."""
    assert called_with_all(facts) == called_with_heard(facts)


@pytest.mark.parametrize("kind", [*EVENTS, None], ids=str)
def test_each_kind_of_event_is_heard_by_whoever_folds_it(
    kind: type[Event] | None,
) -> None:
    """One fact of a kind, which stories may lack, beside a line nobody knows."""
    facts = [a_fact(1, None), a_fact(2, kind), a_fact(3, kind)]
    assert called_with_all(facts) == called_with_heard(facts)
