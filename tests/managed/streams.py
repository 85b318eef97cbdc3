"""A session's events as server-sent events, each in a chunk of its own.

From the documentation alone: a stream gives what happens after it was opened, and
nothing of before; it stays open while a session is idle, and ends when the session
ended.  The SDK drops an event whose ``event:`` line is missing or unknown to it, and
passes over ``ping``.
"""

from __future__ import annotations

import json
import threading
from functools import partial

from calls import Feed, Json
from wire import Line, Reply

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
END = b"0\r\n\r\n"


class Streams:
    """Plays feeds; one call for each client, in its own thread."""

    def __init__(
        self,
        changed: threading.Condition,
        closing: threading.Event,
        ping_seconds: float,
    ) -> None:
        """``changed`` is notified of each new event, and when ``closing`` is set."""
        self._changed = changed
        self._closing = closing
        self._ping_seconds = ping_seconds

    def play(self, line: Line, reply: Reply, feed: Feed, cut: int | None) -> None:
        """Send until the feed ends, the client is gone, or ``cut`` events are sent."""
        going_on = line.send(reply.head(None) + _chunk(PING))
        sent = feed.begin
        while going_on:
            if cut is not None and sent - feed.begin >= cut:
                line.drop()
                return
            with self._changed:
                has_news = partial(self._has_news, feed, sent)
                news = self._changed.wait_for(has_news, self._ping_seconds)
                event = feed.events[sent] if len(feed.events) > sent else None
            if event is not None:
                going_on = line.send(_chunk(_told(event)))
                sent += 1
            elif news:
                line.send(END)
                going_on = False
            else:
                going_on = line.send(_chunk(PING))

    def _has_news(self, feed: Feed, sent: int) -> bool:
        return len(feed.events) > sent or feed.ended() or self._closing.is_set()


def _told(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
