"""The journal: many tell at once, it is rotated, nothing of it is lost."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokid.errors import UsageError
from lokid.managed import journal, reading
from lokid.managed.journal import NAME, Journal

WRITERS, LINES = 8, 2000
TEXT = "x" * 2000


def unsaid(words: str) -> None:
    """Nothing is to be remarked."""
    raise AssertionError(words)


def events(loki: Path, **params: str) -> list[dict[str, object]]:
    """What the endpoint gives."""
    told = reading.answer("events", loki, {}, params)
    found = told["events"]
    assert isinstance(found, list)
    assert told["count"] == len(found)
    return found


def test_eight_who_tell_past_thirty_megabytes_lose_no_line(tmp_path: Path) -> None:
    """Each line is whole and there once, in files under the bound."""
    kept = Journal(tmp_path / "managed", {}, unsaid)
    start = threading.Barrier(WRITERS)

    def tell(writer: int) -> None:
        start.wait()
        for number in range(LINES):
            kept.tell("a_type", {"who": f"{writer}/{number}", "text": TEXT})

    threads = [threading.Thread(target=tell, args=(one,)) for one in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    files = journal.files(tmp_path / "managed")
    sizes = [one.stat().st_size for one in files]
    assert sum(sizes) > 30 << 20
    assert len(files) >= 4
    assert max(sizes) <= journal.ROTATE_BYTES
    told = Counter(
        msgspec.json.decode(line)["payload"]["who"]
        for file in files
        for line in file.read_bytes().splitlines()
    )
    assert told == Counter(f"{w}/{n}" for w in range(WRITERS) for n in range(LINES))
    newest = events(tmp_path, limit="6000")
    assert len(newest) == 6000  # more than the file that is written now holds
    times = [str(one["ts"]) for one in newest]
    assert times == sorted(times)


def test_a_file_of_the_same_second_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a number, and is read in its order."""
    monkeypatch.setattr(journal, "ROTATE_BYTES", 300)
    monkeypatch.setattr("lokid.clock.now", lambda: "2026-03-02T09:00:00.000Z")
    kept = Journal(tmp_path / "managed", {}, unsaid)
    for number in range(30):
        kept.tell("a_type", {"n": number})
    assert [one["payload"]["n"] for one in events(tmp_path)] == list(range(30))  # type: ignore[index]  # its shape


def test_since_is_a_time_and_no_text(tmp_path: Path) -> None:
    """A half second is later than none, whatever its text sorts as."""
    folder = tmp_path / "managed"
    folder.mkdir()
    times = [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:00:00.5Z",
        "2026-03-02T10:30:00+01:00",
    ]
    lines = [
        msgspec.json.encode({"ts": one, "type": "t", "payload": {}}) for one in times
    ]
    (folder / NAME).write_bytes(b"\n".join([*lines, b"{torn"]) + b"\n")
    since = "2026-03-02T09:00:00.200Z"
    assert [one["ts"] for one in events(tmp_path, since=since)] == times[1:]
    assert [one["ts"] for one in events(tmp_path, type="t", limit="1")] == times[2:]
    assert events(tmp_path, type="other") == []


@given(st.text(max_size=8).filter(lambda text: not text.isdigit()))
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    """So are numbers beyond it."""
    for one in (text, "0", "10001", "1e3"):
        with pytest.raises(UsageError):
            reading.answer("events", Path("/nowhere"), {}, {"limit": one})


def test_stamps_are_of_the_environment_and_the_callers_words_win(
    tmp_path: Path,
) -> None:
    """Empty variables are none; what is no JSON is no event, and raises nothing."""
    environ = {"LOKI_ITERATION_COUNT": "7", "LOKI_SESSION_ID": ""}
    kept = Journal(tmp_path / "managed", environ, unsaid)
    kept.tell("a", {"loki_version": "mine"})
    kept.tell("b", {"bad": object()})
    one = events(tmp_path)[0]["payload"]
    assert isinstance(one, dict)
    assert (one["loki_version"], one["iteration_id"]) == ("mine", "7")
    assert "session_id" not in one
    assert len(events(tmp_path)) == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_journal_that_cannot_be_written_is_remarked_once(tmp_path: Path) -> None:
    """And costs nothing else."""
    folder = tmp_path / "managed"
    folder.mkdir(mode=0o500)
    said: list[str] = []
    kept = Journal(folder, {}, said.append)
    for _ in range(3):
        kept.tell("a", {})
    assert len(said) == 1
