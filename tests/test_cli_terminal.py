"""What a person sees: colours, widths, and nothing that data can do to a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import render, table
from cli.table import Cell
from lokid.paths import Workspace
from shell import Terminal, lokictl, story

COMMANDS = ("failures", "lessons", "council", "iterations", "status", "config")
ESCAPE = "\x1b["


@pytest.fixture
def told(tmp_path: Path) -> Workspace:
    """A workspace with the story of the demo."""
    return story(tmp_path / "shop")


def test_colours_are_for_terminals(told: Workspace) -> None:
    """A terminal gets colours; a pipe, NO_COLOR and a dumb terminal do not."""
    words = ("-C", str(told.root), "failures")
    assert ESCAPE in Terminal(*words, columns=100).ended()[1]
    assert ESCAPE not in Terminal(*words, columns=100, NO_COLOR="1").ended()[1]
    assert ESCAPE not in Terminal(*words, columns=100, TERM="dumb").ended()[1]
    assert ESCAPE not in lokictl("failures", at=told, NO_COLOR="").stdout


@pytest.mark.parametrize("columns", [80, 140])
def test_what_is_shown_fits_the_terminal(told: Workspace, columns: int) -> None:
    """No line of a table is wider than the terminal, and all of it is ASCII."""
    for command in COMMANDS:
        words = ("-C", str(told.root), command)
        code, shown = Terminal(*words, columns=columns, NO_COLOR="1").ended()
        lines = [
            line
            for line in shown.splitlines()
            if not line.startswith(("workspace ", "state ", "watch "))
        ]
        assert 0 == code
        assert shown.isascii()
        assert [] == [line for line in lines if len(line) > columns], command


def test_what_goes_to_a_program_is_not_cut(told: Workspace) -> None:
    """Into a pipe a message is whole."""
    assert "..." not in lokictl("council", at=told).stdout
    assert "no test reads an empty body" in lokictl("council", at=told).stdout


@given(st.text(st.characters(codec="utf-8")))
def test_clean_leaves_one_visible_line(text: str) -> None:
    """Control and format characters of any kind never come through."""
    shown = render.clean(text)
    assert shown == " ".join(shown.split())
    assert shown.isprintable()


def test_clean_takes_away_what_moves_a_cursor() -> None:
    """An escape sequence is left as harmless letters, a line break as a space."""
    assert "red [31m" == render.clean("red \x1b[31m")
    assert "a b" == render.clean("a\r\nb")
    assert "ab" == render.clean("a\u202e\u200bb")


@given(st.text(max_size=60), st.integers(min_value=3, max_value=60))
def test_a_shortened_text_fits(text: str, width: int) -> None:
    """Wide characters count twice, and a cut is marked."""
    text = render.clean(text)
    shown = table.shorten(text, width)
    assert table.columns(shown) <= width
    assert shown == text or shown.endswith("...")


@given(
    st.lists(
        st.tuples(st.text(max_size=12), st.text(max_size=20), st.text(max_size=200)),
        max_size=5,
    ),
    st.integers(min_value=60, max_value=200),
)
def test_a_table_fits(rows: list[tuple[str, str, str]], width: int) -> None:
    """Whatever the data, no line is wider than the terminal."""
    cells = [[Cell(render.clean(text)) for text in row] for row in rows]
    lines = table.tabulate(("when", "what", "message"), cells, width=width)
    plain = [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in lines]
    assert all(table.columns(line) <= width for line in plain)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-03-02T11:59:56.000Z", "4 s ago"),
        ("2026-03-02T11:58:00.000Z", "2 min ago"),
        ("2026-03-02T09:30:00.000Z", "2 h ago"),
        ("2026-02-27T12:00:00.000Z", "3 d ago"),
        ("2025-11-02T12:00:00.000Z", "2025-11-02"),
        ("2026-03-03T12:00:00.000Z", "2026-03-03"),
        (None, "-"),
    ],
)
def test_times_are_said_in_words(moment: str | None, words: str) -> None:
    """Near times in words, far and future ones as dates."""
    assert words == render.ago(moment, "2026-03-02T12:00:00.000Z")


def test_sizes_and_counts_are_said_in_words() -> None:
    """One is singular; bytes have a unit."""
    assert "1 event" == render.plural(1, "event")
    assert "1,200 events" == render.plural(1200, "event")
    assert ["1 byte", "812 bytes", "3.0 KiB", "8.0 MiB"] == [
        render.size(n) for n in (1, 812, 3 << 10, 8 << 20)
    ]


def test_a_line_of_the_log_is_visible_ascii(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """JSON lets one control character through, which a terminal obeys."""
    render.emit_line(b'{"a":"x\x7fy"}')
    sys.stdout.flush()
    assert b'{"a":"x\\u007fy"}\n' == capsysbinary.readouterr().out
