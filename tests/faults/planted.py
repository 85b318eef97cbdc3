"""Plants secrets in every string of every source's files; a program of its own.

    planted.py FOLDER SEED ROUNDS STRIDE

In each round every ``STRIDE``-th string (values, keys, words of text, file names) is
replaced by a secret and followed by one, each by the next shape of the table.  After
as many rounds as there are shapes every field had them all.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from lokid.config import Settings
from lokid.engine import Engine
from lokid.paths import Workspace
from lokid.secret_shapes import SHAPES
from lokid.source import Mode
from lokid.sources import SOURCES
from mutants import QUESTIONS, put
from projections import build
from samples import Sample, samples
from story import Story

COMMAND = "make check"
HERE = "ZZhereZZ"
WAYS = ("{}", "KeyError: {}")
SESSIONS = 5
"""Of a log's many words only so many-th ones, other ones in each round."""
MOST_WORDS = 60
LENGTH = 12
_TELLING = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
_HEX = re.compile(r"[0-9a-f]+")
_WORD = re.compile(r"[A-Za-z0-9]{6,}")


def needles() -> tuple[str, ...]:
    """What must be found nowhere: the telling part of each sample."""
    found: set[str] = set()
    for shape in SHAPES:
        match = shape.pattern.search(shape.sample)
        assert match is not None
        secret = match[0].removeprefix(match.groupdict().get("keep") or "")
        words = [word for word in _WORD.findall(secret) if _is_telling(word)]
        found.update(word[:LENGTH] for word in words)
    return tuple(sorted(found))


def _is_telling(word: str) -> bool:
    """Whether a word is found by nothing but chance elsewhere: not in a hash."""
    mixed = _TELLING.search(word) is not None
    return mixed and (len(word) >= LENGTH or _HEX.fullmatch(word) is None)


class Planted(msgspec.Struct, frozen=True):
    """A file to be scanned by itself: sources see one value after the other."""

    path: str
    data: bytes
    secrets: int = 1


def files(sample: Sample, first: int, stride: int) -> list[Planted]:
    """The sample with secrets in it: a file for each, or all in one file of lines."""
    whole = _parsed(sample.data)
    lines = [sample.data] if whole is not None else sample.data.split(b"\n")
    if sample.source.mode in (Mode.TAIL, Mode.LINES):
        bodies = [_parsed(line) for line in lines]
        made = [
            new
            for pair in zip(lines, bodies, strict=True)
            for new in _filled(*pair, first)
        ]
        made = made[first % stride :: stride]
        return [Planted(sample.path, b"\n".join([*made, b""]), len(made))]
    made = [
        b"\n".join([*lines[:at], new, *lines[at + 1 :]])
        for at, line in enumerate(lines)
        for new in _filled(line, whole, first + at)
    ]
    named = [(sample.named(number), data) for number, data in enumerate(made)]
    thinner = stride * (SESSIONS if sample.source.mode is Mode.SESSIONS else 1)
    return [Planted(*one) for one in named[first % thinner :: thinner]]


def _filled(line: bytes, body: Any, first: int) -> Iterator[bytes]:
    for number, (changed, way) in enumerate(product(_changes(line, body), WAYS), first):
        secret = way.replace("{}", SHAPES[number % len(SHAPES)].sample)
        told = json.dumps(secret)[1:-1] if body is not None else secret
        yield changed.replace(HERE, told).encode()


def _changes(line: bytes, body: Any) -> Iterator[str]:
    """The line with a mark for each of its strings, in its place and behind it."""
    if not isinstance(body, dict):
        words = re.split(r"(?<=[\s:=])(?=\S)", line.decode("utf-8", "replace"))
        for at in range(len(words) if len(words) < MOST_WORDS else 0):
            yield "".join([*words[:at], HERE, *words[at:]])
            yield "".join([*words[:at], HERE, *words[at + 1 :]])
        return
    for above, key in list(_places(body)):
        before = above[key]
        texts = [HERE, f"{before} {HERE}"] if isinstance(before, str) else []
        for text in texts:
            above[key] = text
            yield json.dumps(body)
            above[key] = before
        if isinstance(above, dict):
            yield json.dumps(body).replace(json.dumps(key) + ":", f'"{HERE}":')


def _places(above: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(above) if isinstance(above, dict) else range(len(above))
    for key in keys:
        yield above, key
        if isinstance(above[key], dict | list):
            yield from _places(above[key])


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


class Burier:
    """Buries secrets in one workspace, and looks for them."""

    def __init__(self, folder: Path, story: Story, stride: int) -> None:
        """Nothing is buried yet; ``stride``: only every so many-th string."""
        self._stride = stride
        self._place = Workspace(root=folder / "work", state=folder / "state", id="w")
        self._story = story
        self._needles = [needle.encode() for needle in needles()]

    def round(self, first: int) -> None:
        """One secret in each string, shapes counted from ``first`` on."""
        place = self._place
        engine = Engine(place, Settings(reject_after_seconds=0.001), SOURCES, build)
        engine.open()
        try:
            waiting = [files(sample, first, self._stride) for sample in samples()]
            while any(waiting):
                for left in waiting:
                    self._plant(left)
                engine.scan()
            for number, shape in enumerate(SHAPES):
                name = shape.sample.replace("/", "_")[:200]
                put(place, f"crash/{number}-{name}.json", b"{}")
            engine.scan()
            self._ask(engine)
        finally:
            engine.save_hints()
            engine.close()
        self._look(first)
        shutil.rmtree(place.root)
        shutil.rmtree(place.state)

    def _plant(self, left: list[Planted]) -> None:
        """Put the next file there, or all of them where they do not hide another."""
        paths = {one.path for one in left}
        for _ in range(len(left) if len(paths) == len(left) else 1):
            one = left.pop()
            put(self._place, one.path, one.data)
            self._story.add("secrets planted", one.secrets)

    def _ask(self, engine: Engine) -> None:
        for name in QUESTIONS:
            self._hold(
                f"answer of {name}", json.dumps(engine.query(name, {"all": "1"}))
            )
        for name in ("check", "fix"):
            asked = {"command": COMMAND, "error": "KeyError: 'user_id'"}
            self._hold(f"answer of {name}", json.dumps(engine.query(name, asked)))

    def _look(self, first: int) -> None:
        for file in self._place.state.rglob("*"):
            self._hold(f"name of {file.parent.name}/", file.name)
            if file.is_file():
                self._hold(f"{file.parent.name}/ of round {first}", file.read_bytes())

    def _hold(self, where: str, told: str | bytes) -> None:
        data = told.encode() if isinstance(told, str) else told
        self._story.add("places looked at")
        for needle in self._needles:
            if (at := data.find(needle)) >= 0:
                seen = data[max(0, at - 120) : at + 60]
                self._story.miss(f"{where}: {needle.decode()} in {seen!r}")


def main() -> None:
    """Bury, look and tell the story."""
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    story = Story()
    burier = Burier(folder, story, int(sys.argv[4]))
    rounds = min(rounds, len(SHAPES))
    for number in range(rounds):
        burier.round(seed + number)
        story.progress(number + 1, rounds)
    story.end()


if __name__ == "__main__":
    main()
