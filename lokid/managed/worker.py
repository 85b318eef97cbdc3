"""The child: ``python -m lokid.managed.worker``, killed at any time.

Reads requests from standard input and answers each on standard output, several at
once.  It keeps nothing that must survive: what was done is in the stores, what is
to be told is in the reply.  It ends when its input does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from lokid.managed import (
    fetching,
    redacting,
    retrieving,
    sessions,
    stores,
    verdicts,
    versioning,
    writing,
)
from lokid.managed.api import Api, Conflict, Missing, connect
from lokid.managed.wire import Events, Failed, Reply, Request, Told, fallback

Operation = Callable[[Api, Mapping[str, Any], Events], dict[str, object]]
OPERATIONS: dict[str, Operation] = {
    "shadow_write": writing.shadow_write,
    "probe": stores.probe,
    "retrieve": retrieving.refresh,
    "hydrate": fetching.fetch,
    "redact": redacting.redact,
    "versions": versioning.versions,
    verdicts.COMPLETION: sessions.council,
    verdicts.REVIEW: sessions.council,
}


class Worker:
    """Serves requests; the client is made at the first."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._writing = threading.Lock()
        self._api: Api | None = None

    def begin(self) -> None:
        """Make the client beside the first request, and say when it is there."""
        with suppress(Failed):  # whoever asks is told
            self._client()
        self._say(Reply(id=0))

    def serve(self, line: bytes) -> None:
        """Answer one request."""
        request = msgspec.json.decode(line, type=Request)
        events = _Stream(request.id, self._say)
        reply = Reply(id=request.id)
        try:
            reply.result = OPERATIONS[request.op](self._client(), request.args, events)
        except Failed as failed:
            self._fail(reply, request.op, failed)
        except Missing as missing:
            self._fail(reply, request.op, Failed("missing_store_id", str(missing)))
        except Conflict as conflict:
            self._fail(reply, request.op, Failed("conflict_twice", conflict.kind))
        except Exception as error:  # noqa: BLE001  whatever it is, the daemon is told
            words = f"{type(error).__name__}: {error}"
            self._fail(reply, request.op, Failed("unexpected_error", words))
        self._say(reply)

    def _say(self, reply: Reply) -> None:
        told = msgspec.json.encode(reply) + b"\n"
        with self._writing:
            sys.stdout.buffer.write(told)
            sys.stdout.buffer.flush()

    def _client(self) -> Api:
        with self._making:
            if self._api is None:
                self._api = connect(os.environ)
            return self._api

    @staticmethod
    def _fail(reply: Reply, op: str, failed: Failed) -> None:
        reply.reason, reply.shut = failed.reason, failed.shut
        reply.detail = failed.detail
        reply.events.append(fallback(op, failed))


class _Stream:
    """Tells at once: what was done may not be lost with whoever did it."""

    def __init__(self, number: int, say: Callable[[Reply], None]) -> None:
        """``number`` is the request's."""
        self._number = number
        self._say = say

    def append(self, told: Told) -> None:
        """Tell one event."""
        self._say(Reply(id=self._number, last=False, events=[told]))

    def alive(self) -> None:
        """Give a sign of life."""
        self._say(Reply(id=self._number, last=False))


def main() -> None:
    """Say that it has started, then serve until the input ends."""
    worker = Worker()
    threading.Thread(target=worker.begin, daemon=True).start()
    for line in sys.stdin.buffer:
        threading.Thread(target=partial(worker.serve, line), daemon=True).start()
    os._exit(0)  # what is under way has nobody to tell


if __name__ == "__main__":
    main()
