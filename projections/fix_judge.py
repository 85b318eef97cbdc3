"""Which of the things that ended a lesson's streaks deserve to be said.

A fix is *confirmed* when

* a command shares a telling term with the failure (the same command with other
  options; an installer that names the missing module), and it held at least as
  often as the failure came back after it; or
* it was seen after two streaks, and is no command that one sees everywhere: it
  follows this lesson at least four times as often as it is run elsewhere.

An edit needs two streaks that name the same file, and a file that is edited
twice as often after this lesson as elsewhere.  A command that fails as often as
it works is no fix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile

import msgspec

from projections.fix_records import (
    EDIT,
    FIRST,
    INSTEAD,
    OPTIONS,
    Ending,
    Try,
    told_edit,
)
from projections.fix_usage import Usage

_RULES = (OPTIONS, FIRST, INSTEAD, EDIT)
_TWICE = 2
_LIFT, _EDIT_LIFT = 4, 2
"""A stretch has three iterations: a command run in each is seen thrice as often."""
_CANDIDATES = 3
_PATIENCE = 3
_ANY = "{..}"


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What ended a lesson: a ``command`` (``head``) or an ``edit`` (``files``).

    ``rule`` is one of `fix_endings`; ``count``: after how many streaks it was
    seen, in ``runs`` runs; ``seqs`` show it.
    """

    kind: str
    text: str
    rule: str
    head: str | None = None
    files: tuple[str, ...] = ()
    commit: str | None = None
    confirmed: bool = False
    count: int = 0
    runs: int = 0
    seqs: tuple[int, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a lesson's end.

    ``fix`` is the confirmed one; ``candidates`` are not confirmed, the likelier
    first; ``tried`` is what did not end it, most often first; ``tries`` counts
    all of that, ``seqs`` show it.
    """

    fix: Fix | None = None
    candidates: tuple[Fix, ...] = ()
    tried: tuple[str, ...] = ()
    tries: int = 0
    seqs: tuple[int, ...] = ()


def judge(
    endings: Sequence[Sequence[Ending]],
    tries: Sequence[Try],
    usage: Usage,
    bases: Sequence[str],
) -> Outcome:
    """The outcome of a lesson that commands of these bases failed with.

    ``endings`` are those of each of its streaks.
    """
    groups: dict[tuple[str, str], list[Ending]] = {}
    for streak in endings:
        for one in {(one.rule, one.name): one for one in reversed(streak)}.values():
            groups.setdefault((one.rule, one.name), []).append(one)
    refuted = Counter(name for one in tries for name in one.names)
    edited = sum(any(one.rule == EDIT for one in streak) for streak in endings)
    found: list[Fix] = []
    for (rule, name), group in groups.items():
        if rule == EDIT:
            continue
        made = _command(rule, group, bases)
        if usage.fails_as_often(made.head or made.text):
            continue
        common = _common(name, len(group), len(endings), _LIFT, usage)
        held = len(group) >= refuted[name]
        if not any(one.quiet for one in group) and len(group) > _PATIENCE:
            held = False  # whenever it was done, the failure came back
        sure = any(one.sure for one in group)
        twice = len(group) >= _TWICE and not common
        confirmed = held and (sure or twice)
        found.append(msgspec.structs.replace(made, confirmed=confirmed))
    found += _edits(groups, edited, refuted, usage)
    found.sort(key=_better)
    fix = next((one for one in found if one.confirmed), None)
    left = [one for one in found if not one.confirmed]
    tried = Counter(one.text for one in tries)
    return Outcome(
        fix=fix,
        candidates=tuple(left[:_CANDIDATES]),
        tried=tuple(sorted(tried, key=lambda text: (-tried[text], text))),
        tries=len(tries),
        seqs=tuple(sorted({seq for one in tries for seq in one.seqs})),
    )


def _command(rule: str, group: Sequence[Ending], bases: Sequence[str]) -> Fix:
    """The fix that a command is; where its options differ, the usual ones.

    Of a lesson that several commands fail with, the options are what worked:
    ``npm install {..} --legacy-peer-deps``.
    """
    texts = Counter(one.text for one in group)
    head = min(texts, key=lambda one: (-texts[one], one))
    text = _for_all(group[0].name, bases) if rule == OPTIONS else head
    return Fix(
        kind="command",
        text=text or head,
        rule=rule,
        head=head,
        count=len(group),
        runs=len({one.place for one in group}),
        seqs=_seqs(group),
    )


def _for_all(options: str, bases: Sequence[str]) -> str:
    """Options with the words that all commands begin with; empty for only one."""
    if len(bases) == 1 or not options:
        return ""
    columns = zip(*(base.split(" ") for base in bases), strict=False)
    same = takewhile(lambda words: len(set(words)) == 1, columns)
    return " ".join([*(words[0] for words in same), _ANY, options])


def _edits(
    groups: Mapping[tuple[str, str], list[Ending]],
    edited: int,
    refuted: Mapping[str, int],
    usage: Usage,
) -> list[Fix]:
    """The edits: one fix of the files that were seen most often, others apart."""
    by_count: dict[tuple[bool, int], list[str]] = {}
    for (rule, name), group in groups.items():
        if rule == EDIT:
            common = _common(name, len(group), edited, _EDIT_LIFT, usage)
            often = len(group) >= max(_TWICE, refuted.get(name, 0))
            by_count.setdefault((often and not common, len(group)), []).append(name)
    return [
        _edit(sorted(names), groups, confirmed=confirmed)
        for (confirmed, _), names in by_count.items()
    ]


def _edit(
    files: Sequence[str],
    groups: Mapping[tuple[str, str], list[Ending]],
    *,
    confirmed: bool,
) -> Fix:
    group = [one for file in files for one in groups[EDIT, file]]
    newest = max(group, key=lambda one: (one.time, one.seqs))
    shown = told_edit(files)
    if newest.commit:
        shown += f" (commit {newest.commit[:7]})"
    return Fix(
        kind=EDIT,
        text=shown,
        rule=EDIT,
        files=tuple(files),
        commit=newest.commit,
        confirmed=confirmed,
        count=len(groups[EDIT, files[0]]),
        runs=len({one.place for one in group}),
        seqs=_seqs(group),
    )


def _common(name: str, seen: int, streaks: int, lift: int, usage: Usage) -> bool:
    """Whether something is seen nearly as often where the lesson is not."""
    elsewhere = max(0, usage.seen(name) - seen) + 1
    others = max(0, usage.units() - streaks) + 1
    return seen * others < lift * streaks * elsewhere


def _better(fix: Fix) -> tuple[int, int, int, str]:
    return (_RULES.index(fix.rule), -fix.runs, -fix.count, fix.text)


def _seqs(group: Sequence[Ending]) -> tuple[int, ...]:
    return tuple(sorted({seq for one in group for seq in one.seqs}))
