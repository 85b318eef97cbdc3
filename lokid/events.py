"""Every fact lokid records: open this file first.

An event is an immutable, past-tense fact about a workspace.  Sources read the
harness's files and append events; they never interpret.  No event says which
iteration another file belongs to: the files arrive over minutes in any order
and an append-only log cannot be corrected, so the join happens at fold time, in
``projections/join.py``.

The path of the data::

    file change - source.read - typed event - redact - log.append
                - projection.apply - query - prompt text

One line of the log is an *envelope* around one event (``lokid/log/__init__.py``
is the byte format).  ``type`` names the event class, ``data`` holds its fields.

Promises:

* The set of event types is closed: ``EVENT_TYPES`` below is all of it.  A line
  whose type is not in it was written by a newer lokid; it is kept and skipped.
* New fields have defaults, types never change, and a changed meaning is a new
  ``VERSION`` of that class with one upcaster on read.
* Every string field says what kind of text it is (`Text`), and
  ``lokid/redact.py`` holds it to that before anything is appended.  Free text
  enters only as `Line`: one line, at most 200 characters, scrubbed.

The field names of the harness's own files are in the sources, not here.
"""

from __future__ import annotations

import enum
from typing import Annotated, ClassVar

import msgspec


class Text(enum.Enum):
    """What a string field may hold; ``redact.py`` enforces it at append."""

    TOKEN = "token"  # a word of a machine: [A-Za-z0-9_.:-], at most 64
    SYMBOL = "symbol"  # a function's name in a stack, at most 80
    LINE = "line"  # free text: one line, at most 200, scrubbed
    PATH = "path"  # relative to the workspace, plain names only
    COMMAND = "command"  # the head of a command: at most 80, each word harmless
    TIME = "time"  # YYYY-MM-DDTHH:MM:SS.mmmZ, fixed width
    DIGEST = "digest"  # lower-case hex


Token = Annotated[str, Text.TOKEN]
Symbol = Annotated[str, Text.SYMBOL]
Line = Annotated[str, Text.LINE]
Path = Annotated[str, Text.PATH]
Command = Annotated[str, Text.COMMAND]
Time = Annotated[str, Text.TIME]
Digest = Annotated[str, Text.DIGEST]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact.  ``TYPE`` is its name in the log, ``VERSION`` its ``tv``.

    No event is part of a cycle, so none is looked at when garbage is collected.
    """

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1


# -- runs and iterations (events.jsonl, events/pending) -----------------------


class RunStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness began a run; iterations count from 1 again."""

    TYPE: ClassVar[str] = "run.started"
    pid: int | None = None
    provider: Token | None = None


class RunEnded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness ended a run by itself (a killed run leaves none)."""

    TYPE: ClassVar[str] = "run.ended"
    result: int | None = None
    reason: Token | None = None


class IterationStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An iteration began."""

    TYPE: ClassVar[str] = "iteration.started"
    iteration: int


class IterationCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An iteration's provider call ended; the only record of its exit code."""

    TYPE: ClassVar[str] = "iteration.completed"
    iteration: int
    status: Token | None = None
    exit_code: int | None = None


class IterationInterrupted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The provider was ended by a signal (exit 130, 137 or 143)."""

    TYPE: ClassVar[str] = "iteration.interrupted"
    signal: Token | None = None
    exit_code: int | None = None


class StageCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A stage of an iteration that is not a gate ended (9.x)."""

    TYPE: ClassVar[str] = "stage.completed"
    stage: Token
    status: Token
    iteration: int | None = None


class PhaseChanged(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness moved from one phase of its work to another (9.x)."""

    TYPE: ClassVar[str] = "phase.changed"
    previous: Token | None = None
    phase: Token | None = None
    iteration: int | None = None


# -- what went wrong (logs, crash files, episodes, provider errors) -----------


class OutputFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A provider session ended with an exit code other than 0, or said nothing.

    ``started`` and ``ended`` are the markers' clock readings; only with ``utc``
    are they true times, else they are in the zone of the harness's machine and
    serve for order alone.  None: the marker was cut off or cannot be read.
    ``symbols`` are the first five frames by the harness's own rule (they give
    its fingerprint), ``near`` up to three of our own frames nearest the raise,
    nearest first, and ``places`` the same with their file's name (``cart.py:total``;
    the file alone where an error names no function).  ``after`` is the id of the
    session before it in its file.
    """

    TYPE: ClassVar[str] = "output.failed"
    started: Time | None = None
    ended: Time | None = None
    utc: bool = False
    phase: Token | None = None
    exit_code: int = 0
    empty: bool = False
    error_line: Line | None = None
    symbols: tuple[Symbol, ...] = ()
    near: tuple[Symbol, ...] = ()
    places: tuple[Symbol, ...] = ()
    after: Digest | None = None


class OutputPassed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A provider session ended with exit code 0 and some output.

    Nothing of the output is kept; the session itself anchors its neighbours
    when markers are in local time (fields as in `OutputFailed`).
    """

    TYPE: ClassVar[str] = "output.passed"
    started: Time | None = None
    ended: Time | None = None
    utc: bool = False
    phase: Token | None = None
    exit_code: int = 0
    after: Digest | None = None


class CommandFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A command that the agent ran failed.

    ``head`` is its program, subcommand and up to two arguments (or the tool's
    name and its file, for a tool that is no shell); ``session`` the id of the
    provider session it ran in, ``nth`` its place there, from 0.  The error is
    told as in `OutputFailed`.
    """

    TYPE: ClassVar[str] = "command.failed"
    head: Command
    session: Digest | None = None
    nth: int = 0
    exit_code: int | None = None
    error_line: Line | None = None
    places: tuple[Symbol, ...] = ()


class CommandWorked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A command that the agent ran ended well (fields as in `CommandFailed`)."""

    TYPE: ClassVar[str] = "command.worked"
    head: Command
    session: Digest | None = None
    nth: int = 0


class CrashObserved(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness wrote a crash file; the envelope's time is its capture."""

    TYPE: ClassVar[str] = "crash.observed"
    error_class: Token
    signature: tuple[Symbol, ...] = ()
    fingerprint: Digest | None = None
    phase: Token | None = None
    exit_code: int | None = None


class FrictionObserved(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness wrote a crash file for friction, not for a failed iteration."""

    TYPE: ClassVar[str] = "friction.observed"
    error_class: Token
    kind: Token | None = None
    fingerprint: Digest | None = None
    phase: Token | None = None
    exit_code: int | None = None


class ProviderFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness named why the provider failed (9.x: LAST_ERROR, its history)."""

    TYPE: ClassVar[str] = "provider.failed"
    error_class: Token
    iteration: int | None = None


class ReportedError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as an episode claims it; kept as a claim, never used for a key."""

    type: Token
    phase: Token | None = None
    friction: Token | None = None
    signature: tuple[Symbol, ...] = ()
    exit_code: int | None = None
    fingerprint: Digest | None = None


class EpisodeRecorded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness remembered an iteration (or a task) as an episode."""

    TYPE: ClassVar[str] = "episode.recorded"
    episode: Token
    iteration: int | None = None
    phase: Token | None = None
    outcome: Token | None = None
    goal: Path | None = None
    errors: tuple[ReportedError, ...] = ()
    files: tuple[Path, ...] = ()
    commit: Digest | None = None
    importance: float | None = None


class EpisodeReweighed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness gave an episode another importance.

    ``nth``: how often it did by then, where earlier ones are compacted.
    """

    TYPE: ClassVar[str] = "episode.reweighed"
    episode: Token
    importance: float
    nth: int | None = None


# -- gates and reviews --------------------------------------------------------


class GateFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A witness said that a gate failed; ``witness`` is trust, stage or evidence."""

    TYPE: ClassVar[str] = "gate.failed"
    gate: Token
    witness: Token
    iteration: int | None = None
    run_id: Token | None = None
    consecutive: int | None = None
    evidence: Line | None = None


class GatePassed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A witness said that a gate passed."""

    TYPE: ClassVar[str] = "gate.passed"
    gate: Token
    witness: Token
    iteration: int | None = None


class GatesCounted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness's counter of consecutive failures by gate has this value."""

    TYPE: ClassVar[str] = "gates.counted"
    counts: dict[Token, int] = {}


class GatesListed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness's list of red gates reads like this (empty: none, or gone)."""

    TYPE: ClassVar[str] = "gates.listed"
    gates: tuple[Token, ...] = ()


class ReviewCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A code review ended; ``blocking`` means gate ``code_review`` failed."""

    TYPE: ClassVar[str] = "review.completed"
    review: Token | None = None
    witness: Token = "event"  # event, or aggregate
    iteration: int | None = None
    passed: int | None = None
    failed: int | None = None
    blocking: bool = False
    inconclusive: bool = False


class FindingReported(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A reviewer found something: how grave, what, and in which file."""

    TYPE: ClassVar[str] = "finding.reported"
    review: Token | None = None
    reviewer: Token | None = None
    severity: Token | None = None
    text: Line | None = None
    file: Path | None = None
    iteration: int | None = None


class PatternRecorded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The harness's own memory holds this pattern, or holds it no more.

    Its prose stays where it is: ``avoids`` is the error class that an
    anti-pattern names, ``episodes`` how many it was drawn from.
    """

    TYPE: ClassVar[str] = "pattern.recorded"
    pattern: Token
    category: Token | None = None
    avoids: Token | None = None
    confidence: float | None = None
    episodes: int = 0
    gone: bool = False


# -- council ------------------------------------------------------------------


class Vote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One voter's verdict: approve, reject, cannot_validate or abstain."""

    role: Token
    verdict: Token
    reason: Line | None = None


class CouncilVoted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A vote was held or one member voted; the transcript is the better record.

    ``witness`` is event (events.jsonl), round (round-N.json), member
    (member-K.txt), contrarian or devils_advocate.
    """

    TYPE: ClassVar[str] = "council.voted"
    iteration: int
    witness: Token
    approve: int | None = None
    reject: int | None = None
    threshold: int | None = None
    outcome: Token | None = None  # approved, rejected, blocked
    voters: tuple[Vote, ...] = ()


class CouncilDecided(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A council round ended with this transcript."""

    TYPE: ClassVar[str] = "council.decided"
    iteration: int
    outcome: Token  # approved, rejected, blocked
    approve: int | None = None
    reject: int | None = None
    threshold: int | None = None
    voters: tuple[Vote, ...] = ()


class CouncilBlocked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A block file stands in the council's way: ``block`` is gate or evidence."""

    TYPE: ClassVar[str] = "council.blocked"
    block: Token
    reason: Token | None = None
    iteration: int | None = None


class CouncilReleased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A block file is gone."""

    TYPE: ClassVar[str] = "council.released"
    block: Token


class CouncilTracked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The council's own counters have these values (its ``state.json``)."""

    TYPE: ClassVar[str] = "council.tracked"
    iteration: int | None = None
    no_change_streak: int | None = None
    done_signals: int | None = None
    approve_votes: int | None = None
    reject_votes: int | None = None


class ConvergenceMeasured(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How much an iteration changed, by the harness's convergence log."""

    TYPE: ClassVar[str] = "convergence.measured"
    iteration: int
    files_changed: int
    no_change_streak: int
    done_signals: int | None = None


# -- what people say of lessons, and what lokid said itself --------------------


class LessonSaid(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What every statement about a lesson carries.

    A lesson's id follows from the key recipe, so ``members`` are the ids of (up
    to) two of its failures, by which it is found again under another recipe.
    """

    lesson: Token
    recipe: int
    members: tuple[Digest, ...] = ()


class LessonResolved(LessonSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody said that the cause is gone; only later evidence reopens it."""

    TYPE: ClassVar[str] = "lesson.resolved"
    commit: Digest | None = None


class LessonReopened(LessonSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody said that it is not: a resolution or a mute is taken back."""

    TYPE: ClassVar[str] = "lesson.reopened"


class LessonMuted(LessonSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Say nothing of it ``until`` a time or for ``sightings`` more; else for good."""

    TYPE: ClassVar[str] = "lesson.muted"
    until: Time | None = None
    sightings: int | None = None


class LessonMerged(LessonSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Two lessons are one: this one is told as ``into`` from now on."""

    TYPE: ClassVar[str] = "lesson.merged"
    into: Token
    into_members: tuple[Digest, ...] = ()


class LessonSplit(LessonSaid, frozen=True, kw_only=True, omit_defaults=True):
    """One lesson is several: parted ``by`` phase, exit_code, command or place.

    ``by`` merge takes back the merges into it, ``by`` none a split.
    """

    TYPE: ClassVar[str] = "lesson.split"
    by: Token


class Served(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What every record of something said to an agent carries.

    ``lessons`` were said, in this order; ``held`` would have been, were they not
    held out.  ``position`` is the seq it stood on, ``now`` the time it was asked
    for, ``digest`` that of the text, ``renderer`` the version of the wording.
    """

    lessons: tuple[Token, ...] = ()
    held: tuple[Token, ...] = ()
    position: int = 0
    now: Time | None = None
    renderer: int = 1
    digest: Digest | None = None
    size: int = 0
    run: Token | None = None
    iteration: int | None = None


class ContextServed(Served, frozen=True, kw_only=True, omit_defaults=True):
    """A block was given to the next prompt; ``kinds`` are those of its lines."""

    TYPE: ClassVar[str] = "context.served"
    kinds: tuple[Token, ...] = ()
    phase: Token | None = None
    goal: Digest | None = None


class CheckServed(Served, frozen=True, kw_only=True, omit_defaults=True):
    """A warning was given before a command, or a tool's use of a file."""

    TYPE: ClassVar[str] = "check.served"
    head: Command | None = None
    session: Token | None = None


class FixServed(Served, frozen=True, kw_only=True, omit_defaults=True):
    """A known fix was given right after a command failed."""

    TYPE: ClassVar[str] = "fix.served"
    head: Command | None = None
    session: Token | None = None


# -- lokid's own doings -------------------------------------------------------


class SourceRejected(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A file or a line could not be read, and why; said once per identity.

    ``reason``: empty, torn, changing, not_object, not_utf8, too_large, symlink,
    not_regular, unreadable, foreign_owner, hard_link, name_not_utf8,
    invalid_json, malformed; too_many: more of this hour are not told.
    """

    TYPE: ClassVar[str] = "source.rejected"
    source: Token
    reason: Token
    size: int | None = None


class SourceSkipped(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A fact was not captured on purpose (``reason``: knob_off).

    Its id is kept in the log so that it is not captured later either.
    """

    TYPE: ClassVar[str] = "source.skipped"
    source: Token
    reason: Token


class LogRepaired(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A torn tail was set aside (``torn/``) and dropped from the log.

    ``suspect``: it held a whole line that does not verify, which no torn append
    leaves behind: it may be rot in what was never acknowledged.
    """

    TYPE: ClassVar[str] = "log.repaired"
    segment: Token
    offset: int
    size: int
    suspect: bool = False


class LogGapFound(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Damage was found that is not a torn tail; nothing was truncated.

    ``until_seq``: the highest seq that was durable once and is not there any
    more, where the log ends before its watermark.
    """

    TYPE: ClassVar[str] = "log.gap_found"
    segment: Token
    offset: int
    after_seq: int
    until_seq: int | None = None


class LogLossAccepted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A person accepted a damaged place; ``verify`` tells it as accepted."""

    TYPE: ClassVar[str] = "log.loss_accepted"
    segment: Token
    offset: int
    seq: int


class LogRedacted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A segment is rewritten without some text; the only accepted break of a chain.

    ``old`` is the ``c`` of its last line before, ``new`` the one since; ``lines``
    were changed.  What was removed is not named.
    """

    TYPE: ClassVar[str] = "log.redacted"
    segment: Token
    old: Digest
    new: Digest
    lines: int


class LogCompacted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The log begins here: what came before was replaced by the lines that follow.

    Those up to ``until_seq`` stand for all ``events`` that were there; the line
    behind them chains to ``chain``, the ``c`` of the last line replaced.
    ``newest`` is the time of the newest of them.
    """

    TYPE: ClassVar[str] = "log.compacted"
    until_seq: int
    chain: Digest
    events: int
    newest: Time | None = None


class LogIdsCarried(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Ids of compacted facts whose files still lie there: not to be read again."""

    TYPE: ClassVar[str] = "log.ids_carried"
    ids: tuple[Digest, ...]


# -- what stands for facts that were compacted ---------------------------------


class Met(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One time that a cause was met, by its name in statements (``member``).

    ``run`` is the run's id; outside of runs there is at most a ``session``, in
    which a command has its place (``nth``).
    """

    member: Digest
    time: Time
    run: Token | None = None
    iteration: int | None = None
    session: Digest | None = None
    nth: int = 0


class CauseKept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the key of a failure is made of, as it was stored; never the key itself.

    ``frames`` are ours, the nearest first, with ``near``; ``reported`` is the
    error class of the crash file, ``provider`` that of the provider's refusal.
    """

    kind: Token
    phase: Token | None = None
    exit_code: int | None = None
    line: Line | None = None
    frames: tuple[Symbol, ...] = ()
    near: bool = False
    places: tuple[Symbol, ...] = ()
    reported: Token | None = None
    provider: Token | None = None
    friction: Token | None = None
    gate: Token | None = None


class LessonSummarised(Event, frozen=True, kw_only=True, omit_defaults=True):
    """So often was one cause met in facts that were compacted.

    ``count`` times, from ``first`` to ``last``, in the ``runs`` that are named
    (outside of runs: sessions) and in ``older_runs`` more.  What differs from time
    to time (``signature`` to ``crash_file``) is told of the last.  ``error_line``
    only where it is another than the cause's.  Of the lesson as it was then:
    ``ended``, ``retired`` and ``regressed`` say since when, ``ended_by`` what
    showed it, ``fix`` what worked after ``fix_count`` of its streaks.
    """

    TYPE: ClassVar[str] = "lesson.summarised"
    kind: Token
    cause: CauseKept
    count: int
    first: Met
    last: Met
    phase: Token | None = None
    exit_code: int | None = None
    head: Command | None = None
    error_line: Line | None = None
    signature: tuple[Symbol, ...] = ()
    fingerprint: Digest | None = None
    reported: Token | None = None
    crash_file: bool = False
    runs: tuple[Token, ...] = ()
    older_runs: int = 0
    ended: Time | None = None
    ended_by: Token | None = None
    retired: Time | None = None
    regressed: Time | None = None
    fix: Line | None = None
    fix_rule: Token | None = None
    fix_head: Command | None = None
    fix_files: tuple[Path, ...] = ()
    fix_count: int = 0
    fix_runs: int = 0


class SightingsCounted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What is left of compacted failures: a summary counts each of them already."""

    TYPE: ClassVar[str] = "sightings.counted"
    members: tuple[Digest, ...]


class ManagedReported(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What was done with a managed store, or why not, as its journal tells."""

    TYPE: ClassVar[str] = "managed.reported"
    name: Token  # managed_memory_shadow_write, managed_agents_fallback, ...
    op: Token | None = None
    reason: Token | None = None
    kind: Token | None = None
    path: Path | None = None  # in the store, without the slash it begins with
    sha256: Digest | None = None
    merged: bool | None = None


EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    RunEnded,
    IterationStarted,
    IterationCompleted,
    IterationInterrupted,
    StageCompleted,
    PhaseChanged,
    OutputFailed,
    OutputPassed,
    CommandFailed,
    CommandWorked,
    CrashObserved,
    FrictionObserved,
    ProviderFailed,
    EpisodeRecorded,
    EpisodeReweighed,
    GateFailed,
    GatePassed,
    GatesCounted,
    GatesListed,
    ReviewCompleted,
    FindingReported,
    PatternRecorded,
    CouncilVoted,
    CouncilDecided,
    CouncilBlocked,
    CouncilReleased,
    CouncilTracked,
    ConvergenceMeasured,
    LessonResolved,
    LessonReopened,
    LessonMuted,
    LessonMerged,
    LessonSplit,
    ContextServed,
    CheckServed,
    FixServed,
    SourceRejected,
    SourceSkipped,
    LogRepaired,
    LogGapFound,
    LogLossAccepted,
    LogRedacted,
    LogCompacted,
    LogIdsCarried,
    LessonSummarised,
    SightingsCounted,
    ManagedReported,
)
EVENT_TYPES: dict[str, type[Event]] = {event.TYPE: event for event in EVENTS}


# -- the envelope -------------------------------------------------------------


class Src(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where a fact was read: what order and identity need, no more.

    ``path`` is relative to ``.loki``; ``sha256`` that of a whole document;
    ``generation`` (hash of the first line) and ``offset`` place a tail's line;
    ``nth`` counts a state file's events from 1.
    """

    path: Path | None = None
    sha256: Digest | None = None
    generation: Digest | None = None
    offset: int | None = None
    nth: int | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a source (or a command) proposes, not yet appended.

    ``time`` is when it happened by the source, in the envelope's fixed width,
    or None when the source does not say (then the time of reading stands).
    ``identity`` makes the idempotency key: the same parts, in any later
    reading, are the same fact.
    """

    event: Event
    identity: tuple[str | int, ...]
    time: str | None = None
    src: Src = Src()


class Recorded(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One line of the log, decoded; an array where a snapshot keeps it.

    ``event`` is None when the type, or its version, is not known to this lokid;
    the line itself stays in the log as it is.
    """

    seq: int
    id: str
    time: str
    at: str
    type: str
    event: Event | None
    src: Src
    crc: str = ""
