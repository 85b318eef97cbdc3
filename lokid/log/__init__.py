r"""The event log: its byte format, and the names others use.

The log is the truth; everything else can be deleted and rebuilt from it.

**A line** is one event: one JSON object, ASCII only (anything else is escaped as
``\uXXXX``), then one LF; at most 64 KiB with it.  Two lines of a log,
folded here::

    {"c":"4d338447","v":1,"seq":1,"p":"00000000",
      "id":"d697c423fe8bd8dba99b1e331ea6f6fe","time":"2026-11-23T06:57:56.000Z",
      "at":"2026-11-23T06:57:56.412Z","type":"crash.observed","tv":1,
      "src":{"path":"crash/9f2c44d01a7b-1795417076.json",
      "sha256":"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f"},
      "data":{"error_class":"ValueError","signature":["parse_rows","load"],
      "phase":"ACT","exit_code":1}}
    {"c":"7f631f8c","v":1,"seq":2,"p":"4d338447",
      "id":"b3280118a1c73dd9d079896e79adf427","time":"2026-11-23T06:58:03.120Z",
      "at":"2026-11-23T06:58:03.377Z","type":"council.voted","tv":1,
      "src":{"path":"council/votes/round-3.json",
      "sha256":"3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c"},
      "data":{"iteration":3,"witness":"round","outcome":"rejected",
      "voters":[{"role":"qa","verdict":"reject",
      "reason":"caf\u00e9 page has no test"}]}}

====  =======================================================================
c     crc32 (8 lower hex digits) of the bytes behind ``{"c":"xxxxxxxx",`` up to,
      not with, the LF; at a fixed offset, so it is checked before any parsing
v     format of the line: 1
seq   1, 2, 3 ... without gaps: the only order
p     ``c`` of the line before; ``00000000`` in the very first line
id    the idempotency key: 32 hex digits of blake2b over what was read
time  when it happened, by its source
at    when it was appended
type  the event's name, ``noun.past``; an unknown one is kept and skipped
tv    version of that type
src   where it was read: path below ``.loki``, sha256, generation, offset, nth
data  the event's own fields; those with their default value are left out
====  =======================================================================

The keys stand in this order, without blanks.  Each line verifies alone; ``p``
shows deletion and reordering.  It guards against accidents, not attackers.

**A segment** is a file ``<seq of its first line, 20 digits>.ndjson``.  An append
that would pass 8 MiB seals it (fdatasync) and begins the next one: made under a
temporary name, renamed, the directory fsynced, all before a line is in it.  The
chain runs on: the first line of a segment carries in ``p`` the last ``c`` of the
segment before.  The last segment may be empty.  Directories are 0700, files
0600.  ``LOCK`` is held by flock for a writer's life and never unlinked.

**Watermark**: ``watermark`` beside the segments names a place up to which all was
durable (``watermark.py``); it is written at a close and now and then before.

**Torn tail**: bytes behind the last intact line of the last segment, and behind
the watermark.  The next writer copies them to ``torn/<segment>-<offset>`` beside
the log, rewrites the segment without them and appends ``log.repaired``.  A reader
without the lock ignores them.

**Damage** is everything else that does not verify: a bad line with an intact one
after it or the watermark behind it, anything bad in an earlier segment, a break
of ``seq`` or ``p``, a missing segment, an end before the watermark.  Nothing is
truncated, ever.  Lines are served up to the damage.  The next writer begins a new
segment whose first line is ``log.gap_found``; its seq is one higher than any that
can be seen or was durable, its ``p`` is the ``c`` of the last line served.  From
there lines are served again: a jump of seq and chain is accepted only at such a
line, and only as the first of a segment.  What lies between is not served; facts
whose files still exist are read and appended anew.  `verify` names each place,
and goes on naming it.

**A compacted log** begins with ``log.compacted`` as the first line of a segment
instead of seq 1, and **a redacted segment** ends in another ``c`` than the next
one chains to; lines of the log itself say so (``joints.py``, decision 0016).

Durability: what a `Log` serves on open was made durable before; after anything
but a clean close the last segment is first rewritten into a fresh file.  One
failed fdatasync ends all writing.
"""

from __future__ import annotations

from lokid.log.keys import event_id
from lokid.log.reader import LogReader, LogTail
from lokid.log.report import Problem, VerifyReport
from lokid.log.rewrite import Cut, cut_behind
from lokid.log.verify import verify
from lokid.log.walk import Damage
from lokid.log.watermark import Mark
from lokid.log.writer import SEGMENT_BYTES, Log

__all__ = [
    "SEGMENT_BYTES",
    "Cut",
    "Damage",
    "Log",
    "LogReader",
    "LogTail",
    "Mark",
    "Problem",
    "VerifyReport",
    "cut_behind",
    "event_id",
    "verify",
]
