"""What ended a streak, and what was tried and did not: one stretch at a time.

Four rules, each conservative:

* ``options``: the same command with other options worked (`npm install x
  --legacy-peer-deps`).
* ``first``: a command that names what was missing, or what the failed command
  was about, worked, and the failure did not come back (`createdb shop`).
* ``instead``: where a program is missing, another one was run next (`sed` for
  `gsed`).
* ``edit``: the same command works again, and files were edited in between.

Where the code is wrong (a failed test, a type error) only an edit counts: the
command that happens to follow a red test repairs nothing.  A command that works
again without an edit tells nothing, either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from projections.attempts import Attempt
from projections.fix_records import (
    EDIT,
    FIRST,
    INSTEAD,
    OPTIONS,
    Edits,
    Ending,
    Try,
    edit_tried,
)
from projections.fix_trails import Stretch
from projections.fix_words import (
    arguments_of,
    bare_of_meaning,
    blames_code,
    edited_file,
    judges,
    looks,
    makes,
    missing_in,
    says_absent,
    shares,
    verb_of,
)


def ended_by(stretch: Stretch, failing: frozenset[str], edits: Edits) -> list[Ending]:
    """What may have ended a stretch, the likelier first.

    ``failing`` are the heads that the lesson's own commands failed with.
    """
    failed, again = stretch.failed, _works_again(stretch, failing)
    if _blames_code(failed):
        return list(_edited(stretch, again, edits))
    before = stretch.after[:again]
    found = list(_with_options(stretch.failed, before, failing))
    found += _first(stretch, before, again, failing)
    found += _instead(stretch, before, failing)
    found += _edited(stretch, again, edits)
    return found


def tried_in(stretch: Stretch, failing: frozenset[str], edits: Edits) -> Iterator[Try]:
    """What was tried in a stretch and did not end it."""
    failed, back = stretch.failed, stretch.returned
    again = _works_again(stretch, failing)
    terms = _terms(failed)
    for one in stretch.after[:again]:
        if one.ok or looks(one.head):
            continue
        variant = one.base == failed.base and one.head not in failing
        if variant or _helps_with(one, terms):
            yield _command_tried(one, failed)
    if back is None or again is not None:
        return
    if back.base == failed.base and back.head != failed.head:
        yield _command_tried(back, failed)
    for one in stretch.after:
        if one.ok and _in_one(one, back) and _helps_with(one, terms):
            yield _command_tried(one, back)
    edited = list(_edits_between(stretch, stretch.after, back, edits))
    if edited and stretch.alone and _blames_code(failed):
        files = [file for file, _, _ in edited]
        seqs = {back.seq, *(seq for _, seq, _ in edited)}
        yield edit_tried(files, back.time, seqs)


def _command_tried(one: Attempt, other: Attempt) -> Try:
    seqs = tuple(sorted({one.seq, other.seq}))
    return Try(one.head, (one.base,), one.time, seqs)


# -- the rules -----------------------------------------------------------------


def _with_options(
    failed: Attempt, before: Sequence[Attempt], failing: frozenset[str]
) -> Iterator[Ending]:
    """The same command with other options."""
    for one in before:
        if one.ok and one.base == failed.base and one.head not in failing:
            name = " ".join(word for word in one.head.split(" ") if word[:1] == "-")
            yield _ending((OPTIONS, name, one.head), failed, one, sure=True)
            return


def _first(
    stretch: Stretch,
    before: Sequence[Attempt],
    again: int | None,
    failing: frozenset[str],
) -> Iterator[Ending]:
    """A command that made what was missing."""
    failed, back = stretch.failed, stretch.returned
    quiet = back is None or again is not None
    missing = missing_in(failed.error_line)
    terms = _terms(failed)
    for one in before:
        if not _may_help(one, failing) or looks(one.head) or one.base == failed.base:
            continue
        if not quiet and _in_one(one, back):
            continue
        same = verb_of(one.head) == verb_of(failed.head)
        if shares(one.head, missing if same else terms):
            sure = makes(one.head)
            made = _ending((FIRST, one.base, one.head), failed, one, sure=sure)
            yield made._replace(quiet=quiet)


def _instead(
    stretch: Stretch, before: Sequence[Attempt], failing: frozenset[str]
) -> Iterator[Ending]:
    """Another program, run where the missing one was wanted."""
    failed = stretch.failed
    program = verb_of(failed.head)[0]
    missing = missing_in(failed.error_line)
    if not _program_missing(failed) or (missing and program.lower() not in missing):
        return
    wanted = failed.base.partition(" ")[2]
    told: set[str] = set()
    for one in before:
        if one.id not in stretch.blamed or not _may_help(one, failing):
            continue
        substitute, _, rest = one.base.partition(" ")
        name = f"{substitute} *" if wanted and rest == wanted else one.base
        if name not in told and not shares(one.head, missing):
            told.add(name)
            text = name.removesuffix(" *")
            yield _ending((INSTEAD, name, text), failed, one, sure=False)


def _edited(stretch: Stretch, again: int | None, edits: Edits) -> Iterator[Ending]:
    """Edits before the same command worked again."""
    if again is None:
        return
    failed, works = stretch.failed, stretch.after[again]
    for file, seq, commit in _edits_between(
        stretch, stretch.after[:again], works, edits
    ):
        made = _ending((EDIT, file, file), failed, works, sure=False)
        seqs = tuple(sorted({*made.seqs, seq}))
        yield made._replace(commit=commit, seqs=seqs)


# -- what they stand on --------------------------------------------------------


def _works_again(stretch: Stretch, failing: frozenset[str]) -> int | None:
    """Where the failed command works as it was."""
    base = stretch.failed.base
    for number, one in enumerate(stretch.after):
        if one.ok and one.base == base and one.head in failing:
            return number
    return None


def _edits_between(
    stretch: Stretch, between: Sequence[Attempt], until: Attempt, edits: Edits
) -> Iterator[tuple[str, int, str | None]]:
    """Files that were edited before ``until``, with the seq that says so.

    The agent's own edits; where it told of none, what the harness remembers of
    the iterations after the failure.
    """
    last = edits.get(until.iteration) if until.iteration is not None else None
    seen = {}
    for one in between:
        file = edited_file(one.head) if one.ok else None
        if file:
            seen[file] = one.seq
    if seen:
        commit = last.commit if last and until.ok else None
        yield from ((file, seq, commit) for file, seq in seen.items())
        return
    begun = stretch.failed.iteration
    if begun is None or until.iteration is None:
        return
    for iteration in range(begun + 1, until.iteration + 1):
        known = edits.get(iteration)
        if known and (until.ok or iteration < until.iteration):
            yield from ((file, known.seq, known.commit) for file in known.files)


def _in_one(one: Attempt, back: Attempt | None) -> bool:
    """Whether both were made in one iteration: nobody had called it done."""
    return back is not None and one.iteration in (None, back.iteration)


def _helps_with(one: Attempt, terms: frozenset[str]) -> bool:
    return makes(one.head) and shares(one.head, terms) is not None


def _blames_code(failed: Attempt) -> bool:
    family = failed.key.family if failed.key else ""
    return blames_code(family, failed.error_line, failed.base)


def _terms(failed: Attempt) -> frozenset[str]:
    return missing_in(failed.error_line) | arguments_of(failed.base)


def _program_missing(failed: Attempt) -> bool:
    absent = 127
    return failed.exit_code == absent or says_absent(failed.error_line)


def _may_help(one: Attempt, failing: frozenset[str]) -> bool:
    """Whether a worked command may be a fix at all."""
    if not one.ok or one.head in failing or edited_file(one.head):
        return False
    return not (judges(one.head) or bare_of_meaning(one.head))


def _ending(
    named: tuple[str, str, str], failed: Attempt, one: Attempt, *, sure: bool
) -> Ending:
    seqs = (failed.seq, one.seq)
    return Ending(*named, one.place, one.time, seqs, sure)
