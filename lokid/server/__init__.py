"""The daemon's surface: HTTP/1.1 over a Unix socket.

For `lokictl`, and for anything that speaks HTTP::

    curl --unix-socket "$(cat <state>/socket)" http://lokid/failures?all=1

======================= ======================================================
GET /context            the block; ``format=text`` gives exactly the bytes to
                        print, and then ``X-Lokid-Stale`` and ``-Reason`` tell
                        what the object's keys would
GET /failures ...       every other projection by its name
GET /events             the log's own lines (ndjson): ``since`` (a seq),
                        ``type`` (exact, may be repeated), ``follow=1`` (goes on
                        until the client does)
GET /status             daemon, log, watch, sources
GET /ping               protocol, version, pid
POST /record            appends what people say of lessons and what was served
                        (``lokid/statements.py`` has the body), the reply comes
                        when the disk has it
POST /import            append what ``lokictl import`` read (``imports.py``)
POST /shutdown          the daemon ends within two seconds
======================= ======================================================

Every read passes the barrier first (``barrier.py``): what was closed on disk
before the request came in is in the answer, or the answer is ``stale`` and says
why.  ``deadline`` (milliseconds) bounds the wait; ``context`` has one in any
case, the others wait.  Errors are ``application/problem+json`` with ``hint`` and
``exit_code``.  Every answer carries ``X-Lokid-Protocol`` and ``X-Lokid-Seq``.

Refused: peers of another user (but root), heads over 32 KiB, bodies over
64 KiB, connections that begin a request and do not finish it, and whatever does
not name ``lokid`` or ``localhost`` as its only Host, has an ``Origin``, or is a
POST of anything but ``application/json`` (``admission.py``).

No GET changes anything, but for ``record=1``, with which ``context``, ``check`` and
``fix`` note that their answer was given.
"""

PROTOCOL = 1
"""Decides whether a client and a daemon fit; raised by every breaking change."""
