"""The harness as a state machine: it writes, half-writes, rotates, trims, deletes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ingest_model import (
    CRASHES,
    LIST,
    LOG,
    STATE,
    TAIL,
    Files,
    crash,
    list_line,
    session,
    state,
    tail_line,
)

NAMES = st.sampled_from([f"crash/{name}.json" for name in CRASHES])
PARTS = st.floats(0.05, 0.95)


class Harness(RuleBasedStateMachine):
    """What writes below ``.loki``; ``rest`` is what is missing of its half files."""

    files: Files

    def __init__(self) -> None:
        super().__init__()
        self.rest: dict[str, bytes] = {}
        self.away: tuple[dict[str, bytes], dict[str, bytes]] | None = None

    # -- the harness writes ----------------------------------------------------

    @rule(path=NAMES, renamed=st.booleans())
    def write_a_crash(self, *, path: str, renamed: bool) -> None:
        """A document, new or over an old one."""
        self._whole(path, crash(self.files.new()), renamed=renamed)

    @rule(value=st.integers(0, 2), renamed=st.booleans())
    def write_the_state(self, *, value: int, renamed: bool) -> None:
        """A value, perhaps one that was there before."""
        self._whole(STATE, state(value), renamed=renamed)

    @rule(path=st.one_of(NAMES, st.just(STATE)), part=PARTS)
    def write_half_of_it(self, path: str, part: float) -> None:
        """The writer is not done yet."""
        content = state(1) if path == STATE else crash(self.files.new())
        self._half(path, content, part, replace=True)

    @rule(count=st.integers(1, 3), which=st.sampled_from([TAIL, LIST]))
    def append_lines(self, count: int, which: str) -> None:
        """Whole lines of a tail or of a list."""
        self._finish(which)
        line = tail_line if which == TAIL else list_line
        content = b"".join(line(self.files.new()) for _ in range(count))
        self.files.append(which, content)

    @rule(which=st.sampled_from([TAIL, LIST]), part=PARTS)
    def append_half_a_line(self, which: str, part: float) -> None:
        """The beginning of a line."""
        line = tail_line if which == TAIL else list_line
        self._half(which, line(self.files.new()), part)

    @rule(words=st.integers(0, 60), ends=st.booleans())
    def run_a_session(self, *, words: int, ends: bool) -> None:
        """A provider's session, or one that was killed."""
        self._finish(LOG)
        start, body, end = session(self.files.new(), words)
        self.files.append(LOG, start + body + (end if ends else b""))

    @rule(words=st.integers(0, 60), part=PARTS)
    def run_half_a_session(self, words: int, part: float) -> None:
        """A session that goes on."""
        self._half(LOG, b"".join(session(self.files.new(), words)), part)

    @rule()
    def finish_what_is_half_written(self) -> None:
        """The writers are done."""
        for path in list(self.rest):
            self._finish(path)

    # -- files come and go -----------------------------------------------------

    @precondition(lambda self: self.files.held)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A file is gone."""
        path = data.draw(st.sampled_from(sorted(self.files.held)))
        self.files.delete(path)
        self.rest.pop(path, None)

    @precondition(lambda self: any(p.startswith("crash/") for p in self.files.held))
    @rule(data=st.data(), to=NAMES)
    def rename(self, data: st.DataObject, to: str) -> None:
        """A document under another name."""
        there = [p for p in self.files.held if p.startswith("crash/") and p != to]
        if there:
            path = data.draw(st.sampled_from(sorted(there)))
            self.files.move(path, to)
            self.rest.pop(to, None)
            if path in self.rest:
                self.rest[to] = self.rest.pop(path)

    @precondition(lambda self: TAIL in self.files.held)
    @rule(follows=st.integers(0, 2))
    def rotate(self, follows: int) -> None:
        """The tail is moved aside, over an older one, and begun anew."""
        self.rest.pop(TAIL, None)
        self.files.move(TAIL, TAIL + ".1")
        self.files.write(TAIL, b"")
        if follows:
            self.append_lines(follows, TAIL)

    @precondition(lambda self: LOG in self.files.held or LIST in self.files.held)
    @rule(which=st.sampled_from([LOG, LIST]), part=PARTS, renamed=st.booleans())
    def trim(self, *, which: str, part: float, renamed: bool) -> None:
        """The head of a log or of a list is cut off, anywhere."""
        content = self.files.held.get(which, b"")
        at = round(part * len(content))
        if which == LIST:
            at = content.rfind(b"\n", 0, at) + 1
        if content:
            self.files.write(which, content[at:], renamed=renamed)

    @rule()
    def delete_loki(self) -> None:
        """The whole folder is gone."""
        self.files.delete_all()
        self.rest.clear()

    @rule()
    def move_loki(self) -> None:
        """The folder is moved away, or the one that was is moved back."""
        if self.away is None:
            self.away = self.files.put_away(), self.rest
            self.rest = {}
        else:
            held, self.rest = self.away
            self.files.put_back(held)
            self.away = None

    # -- hands -----------------------------------------------------------------

    def _whole(self, path: str, content: bytes, *, renamed: bool) -> None:
        self.rest.pop(path, None)
        self.files.write(path, content, renamed=renamed)

    def _half(
        self, path: str, content: bytes, part: float, *, replace: bool = False
    ) -> None:
        at = max(1, min(len(content) - 1, round(part * len(content))))
        if replace:
            self.files.write(path, content[:at])
        else:
            self._finish(path)
            self.files.append(path, content[:at])
        self.rest[path] = content[at:]

    def _finish(self, path: str) -> None:
        if path in self.rest:
            self.files.append(path, self.rest.pop(path))
