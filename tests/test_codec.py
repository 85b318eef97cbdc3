from __future__ import annotations

import json
import math
from collections.abc import Callable
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_rig import AT, any_event, any_src, pair, resealed
from lokid import codec
from lokid.errors import LogDamaged, LokidError, StorageError
from lokid.events import (
    EpisodeReweighed,
    Event,
    Fact,
    GatesCounted,
    OutputFailed,
    ReportedError,
    RunStarted,
    Src,
)

KEY = "0" * 32


def encoded(event: Event, src: Src | None = None) -> bytes:
    """The line of an event, the first of a log."""
    fact = Fact(event=event, identity=("x",), src=src or Src())
    return codec.encode_line(1, codec.NO_CRC, KEY, fact, AT)


def sealed(**changes: object) -> bytes:
    """A line with other values than lokid writes, under a right checksum."""
    fields = json.loads(encoded(RunStarted(pid=7)))
    del fields["c"]
    body = json.dumps(fields | changes, separators=(",", ":"))[1:].encode()
    return b'{"c":"%08x",%s\n' % (crc32(body), body)


def test_a_line_holds_the_envelope_in_its_order() -> None:
    """The keys, their order and their values are those of the format."""
    key, fact = pair(5)
    line = codec.encode_line(17, b"1a2b3c4d", key, fact, AT)
    assert [
        ("c", line[6:14].decode()),
        ("v", 1),
        ("seq", 17),
        ("p", "1a2b3c4d"),
        ("id", key),
        ("time", AT),
        ("at", AT),
        ("type", "iteration.started"),
        ("tv", 1),
        ("src", {}),
        ("data", {"iteration": 5}),
    ] == list(json.loads(line).items())


def test_the_checksum_covers_all_bytes_behind_it() -> None:
    """``c`` is the crc32 of what stands between it and the LF."""
    line = encoded(RunStarted(pid=7))
    assert b'{"c":"%08x",' % crc32(line[16:-1]) == line[:16]
    assert b"\n" == line[-1:]


def test_time_is_the_sources_where_it_told_one() -> None:
    """Without a time of its own an event happened when it was appended."""
    told = "2025-12-31T23:59:59.000Z"
    fact = Fact(event=RunStarted(), identity=("x",), time=told)
    recorded = codec.decode_line(codec.encode_line(1, codec.NO_CRC, KEY, fact, AT))
    assert (told, AT) == (recorded.time, recorded.at)
    assert AT == codec.decode_line(encoded(RunStarted())).time


@given(event=any_event, src=any_src)
def test_whatever_is_written_reads_back_the_same(event: Event, src: Src) -> None:
    """Every event class, any text: one ASCII line, decoded to what went in."""
    line = encoded(event, src)
    recorded = codec.decode_line(line)
    assert (event, src, event.TYPE) == (recorded.event, recorded.src, recorded.type)
    assert line.isascii()
    assert len(line) - 1 == line.index(b"\n")
    assert codec.follows(line[:-1], 1, codec.NO_CRC)
    assert event.TYPE.encode() == codec.type_of(line)


@given(text=st.text(alphabet='aé\u2028\U0001f600\x00\n\r"\\\x7f', max_size=30))
def test_text_beyond_ascii_is_escaped_as_any_json_reader_reads_it(text: str) -> None:
    """Surrogate pairs, separators and controls come back through plain json."""
    line = encoded(OutputFailed(error_line=text))
    assert text == json.loads(line)["data"]["error_line"]


def test_every_flipped_bit_is_noticed() -> None:
    """No bit of a line can change without its checksum telling."""
    line = encoded(RunStarted(pid=7))[:-1]
    assert codec.intact(line)
    for offset in range(len(line)):
        for bit in range(8):
            changed = bytearray(line)
            changed[offset] ^= 1 << bit
            assert not codec.intact(bytes(changed)), (offset, bit)


def test_a_checksum_of_nothing_is_no_line() -> None:
    """The crc32 of no bytes is 0: zeros and a cut must not pass for a line."""
    assert not codec.intact(b'{"c":"00000000",')
    assert not codec.intact(b"")


@pytest.mark.parametrize(
    ("line", "seq", "previous"),
    [
        (sealed(), 2, b"00000000"),
        (sealed(), 1, b"00000001"),
        (sealed(v=2), 1, b"00000000"),
        (sealed(p="00000001"), 1, b"00000000"),
    ],
)
def test_an_intact_line_in_the_wrong_place_does_not_follow(
    line: bytes, seq: int, previous: bytes
) -> None:
    """Format, seq and chain must be right, not only the checksum."""
    assert codec.follows(sealed()[:-1], 1, b"00000000")
    assert codec.intact(line[:-1])
    assert not codec.follows(line[:-1], seq, previous)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "moon.landed"},
        {"tv": 2},
        {"data": {"pid": "seven"}},
        {"data": []},
    ],
)
def test_what_this_version_cannot_decode_is_kept_without_an_event(
    changes: dict[str, object],
) -> None:
    """An unknown type, a newer version and misfit data are kept and skipped."""
    recorded = codec.decode_line(sealed(**changes))
    assert recorded.event is None
    assert changes.get("type", "run.started") == recorded.type
    assert 1 == recorded.seq


def test_fields_of_a_newer_lokid_are_passed_over() -> None:
    """A known type with one field more still decodes."""
    line = sealed(data={"pid": 7, "moon": "full"}, src={"path": "a", "moon": 1})
    recorded = codec.decode_line(line)
    assert RunStarted(pid=7) == recorded.event
    assert Src(path="a") == recorded.src


def test_an_intact_line_that_is_no_envelope_is_damage() -> None:
    """Right checksum, wrong shape: nobody guesses."""
    with pytest.raises(LogDamaged, match="no envelope"):
        codec.decode_line(sealed(seq="one"))


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'"v":1,"seq":1,"p":"00000000","id":"\xff"}', codec.decode_line),
        (b'"v":1,"seq":1,"p":"00000000","type":"\xff"}', codec.head_of),
        (b'"v":1,"seq":1,"p":"00000000","data":' + b"[" * 5000 + b"}", codec.head_of),
        (b'"v":1,"seq":1,"p":"00000000","nothing":1}', codec.type_of),
        (b'"v":1,"seq":1,"p":"00000000","type":"x}', codec.type_of),
        (
            b'"v":1,"seq":1,"p":"00000000","nothing":1}',
            lambda line: codec.rehead(line, 2, codec.NO_CRC),
        ),
    ],
)
def test_an_intact_line_of_any_bytes_is_an_error_and_no_traceback(
    body: bytes, read: Callable[[bytes], object]
) -> None:
    """Whoever can write the log can make its checksums; we still say what is wrong."""
    line = resealed(b'{"c":"00000000",' + body + b"\n")[:-1]
    assert codec.follows(line, 1, codec.NO_CRC)
    with pytest.raises(LokidError):
        read(line)


@pytest.mark.parametrize("changes", [{"v": 2}, {"seq": "one"}])
def test_a_line_of_another_format_is_refused_not_repaired(
    changes: dict[str, object],
) -> None:
    """Intact but not understood: a newer lokid wrote it, and must read it."""
    with pytest.raises(StorageError) as refused:
        codec.head_of(sealed(**changes))
    assert "use the lokid that wrote this log" == refused.value.hint


def test_the_type_is_found_where_data_says_type_too() -> None:
    """Only the envelope's own type counts."""
    from lokid.events import EpisodeRecorded

    errors = (ReportedError(type="log.repaired"),)
    line = encoded(EpisodeRecorded(episode='","type":"', errors=errors))
    assert b"episode.recorded" == codec.type_of(line)


def test_a_line_may_be_as_long_as_the_cap_and_not_a_byte_longer() -> None:
    """64 KiB with the LF pass; one byte more is refused by name."""
    room = codec.LINE_BYTES - len(encoded(OutputFailed(error_line="x"))) + 1
    assert codec.LINE_BYTES == len(encoded(OutputFailed(error_line="x" * room)))
    with pytest.raises(LokidError, match=r"output\.failed .* takes 65537 bytes"):
        encoded(OutputFailed(error_line="x" * (room + 1)))


@pytest.mark.parametrize(
    "event",
    [OutputFailed(error_line="\ud800"), RunStarted(pid=10**5000)],
    ids=["lone surrogate", "huge number"],
)
def test_what_json_cannot_hold_is_refused(event: Event) -> None:
    """A clear error, not a broken line."""
    with pytest.raises(LokidError, match="does not go into JSON"):
        encoded(event)


def test_a_number_that_is_none_does_not_survive_as_one() -> None:
    """JSON has no NaN: the line would decode to no event, so `Log` refuses it."""
    line = encoded(EpisodeReweighed(episode="e", importance=math.nan))
    assert codec.decode_line(line).event is None


def test_dictionaries_keep_their_order() -> None:
    """Counts read back in the order in which they were told."""
    line = encoded(GatesCounted(counts={"b": 1, "a": 2}))
    event = codec.decode_line(line).event
    assert isinstance(event, GatesCounted)
    assert ["b", "a"] == list(event.counts)
