"""``check``: one line before an action that failed before, else nothing.

The action is a shell's line, or a tool used on a file.  A lesson is told when
the very same command (its program, subcommand and arguments, whatever its
options: its *base*) failed with it, or when it says that a program of the line
is not installed.  Loose words match nothing.

Silence is the rule.  Nothing is said of a command

* that did not fail the last time it was run: one success, and it is silent until
  it fails again (a success with an option says nothing of it without);
* that failed in this very iteration: the agent has just read the error;
* with an option that it never failed with: somebody is trying the fix;
* of which this agent session was told already, by block, check or fix.

Lessons that do not speak (muted, ignored, resolved by a person, retired), and
those of which only a constant is known, are not told.  One line names one
command and up to three things that went wrong with it, those that went wrong
most often first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lokid.command import base_of, heads_of, programs_of, vague_heads
from lokid.events import Recorded, Served
from lokid.head_words import head, head_word, is_placeholder
from lokid.projection import Answer
from projections.attempts import Attempt
from projections.delivery import Delivery
from projections.here import Here, here
from projections.join import Join
from projections.lesson import Lesson
from projections.lessons import Lessons
from projections.said import Said
from projections.served import Serving, as_served
from projections.view import View
from projections.warning import NAMED, Warned, sightings_of, warning

_BOTH = 2  # a tool and its file


class Action(NamedTuple):
    """One command of what is about to be done, and how it went before.

    ``options`` are those of its head that are no part of its base.
    """

    base: str
    options: frozenset[str]
    lessons: list[Lesson]
    outcomes: list[Attempt]


class Check(View):
    """Parameters: ``command``, or ``tool file``; ``session iteration phase``."""

    name = "check"
    hears = (Served,)

    def __init__(self, join: Join, lessons: Lessons) -> None:
        """Both are shared."""
        super().__init__(join, lessons)
        self._delivery = Delivery(join, lessons)
        self._said = Said()

    def apply(self, recorded: Recorded) -> None:
        """Remember what was said to whom."""
        self._said.apply(recorded)

    def query(self, params: Mapping[str, str], now: str) -> Answer:
        """The line (or nothing), the base it is about, the lessons it tells."""
        where = here(self.join, params)
        said = self._said.lessons(where, now)
        phase = params.get("phase", "").upper()
        for action in self._actions(params):
            named = self._named(action, where, said, phase, now)
            if named:
                return self._told(Warned(action.base, named), params, where, now)
        return _answer("", None, [])

    def _actions(self, params: Mapping[str, str]) -> Iterator[Action]:
        """The commands of what is about to be done, the main one first."""
        command = params.get("command", "")
        vague = vague_heads(command)
        heads = [one for one in heads_of(command) if one not in vague]
        if params.get("tool") and params.get("file"):
            heads += _head_of_tool(params["tool"], params["file"])
        outcomes = self._delivery.outcomes
        for one in heads:
            base = base_of(one)
            known = self.lessons.of_base(base)
            if known:
                yield Action(base, options_of(one), known, outcomes.of(base))
        for program in programs_of(command):
            known = self.lessons.needing(program)
            if known:
                tried = outcomes.of_program(program)
                yield Action(program, frozenset(), known, tried)

    def _named(
        self, action: Action, where: Here, said: set[str], phase: str, now: str
    ) -> list[Lesson]:
        """The lessons to tell of an action, the most frequent first.

        Of those that are equally frequent the ones of this phase, then the newest.
        """
        known = action.lessons
        if any(one.id in said for one in known) or not _stands(action, where):
            return []
        speaking = [
            one for one in known if not one.weak and self.lessons.speaks(one, now)
        ]
        counted = {one.id: sightings_of(one, action.base) for one in speaking}
        speaking.sort(key=lambda one: one.id)
        speaking.sort(key=lambda one: counted[one.id][-1].time, reverse=True)
        speaking.sort(key=lambda one: phase not in one.phases)
        speaking.sort(key=lambda one: len(counted[one.id]), reverse=True)
        return speaking[:NAMED]

    def _told(
        self, about: Warned, params: Mapping[str, str], where: Here, now: str
    ) -> Answer:
        """The answer, but for what is held out in this run."""
        names = [one.id for one in about.lessons]
        held = self._delivery.held(params, where, names)
        left = [one for one in about.lessons if one.id not in held]
        text = ""
        told: list[Lesson] = []
        if left:
            ending = self._delivery.ending
            text, told = warning(Warned(about.base, left), ending, now)
        names = [one.id for one in told]
        event = Serving(where, self.join.seq, now).check(text, names, held, about.base)
        return as_served(_answer(text, about.base if text else None, names), event)


def _head_of_tool(tool: str, file: str) -> list[str]:
    """A tool with its file, as the log's source tells it."""
    words = [word for word in map(head_word, (tool, file)) if not is_placeholder(word)]
    return [head(" ".join(words))] if len(words) == _BOTH else []


def _stands(action: Action, where: Here) -> bool:
    """Whether nothing speaks against it: what the command did says that it fails."""
    outcomes = [one for one in action.outcomes if _counts(one, action)]
    if not outcomes or outcomes[-1].ok:
        return False
    failed = [one for one in outcomes if not one.ok]
    newest = (failed[-1].place, failed[-1].iteration)
    if where.iteration is not None and newest == (where.place, where.iteration):
        return False
    tried = {word for one in failed for word in one.head.split()}
    return action.options <= tried


def _counts(one: Attempt, action: Action) -> bool:
    """Whether an outcome says something of this very spelling.

    That it works with an option does not mean that it works without.
    """
    return not one.ok or options_of(one.head) <= action.options


def options_of(head: str) -> frozenset[str]:
    """The options that stand in a head."""
    return frozenset(word for word in head.split() if word.startswith("-"))


def _answer(text: str, head: str | None, lessons: list[str]) -> Answer:
    return {
        "text": text,
        "head": head,
        "lessons": lessons,
        "bytes": len(text.encode()),
    }
