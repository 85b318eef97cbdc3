"""The daemon's life: what is opened, in which order, and how it ends.

Opened in this order and closed in the reverse one: the engine (it takes the
log's lock), the socket, the watcher, the timers, the server.  Everything that
was observed is durable when `run_daemon` returns.

Three threads: the event loop; the engine's own (`scan` and everything else that
writes); one that waits for the disk, so that no query does.

The daemon ends on SIGTERM, SIGINT and ``POST /shutdown`` (0), when the disk
fails (74), and when its state directory or socket is taken away under it (74):
it would go on collecting where nobody looks.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from typing import TypeVar, TypeVarTuple

from lokid.bounding import LOOK_SECONDS, Bounding
from lokid.compaction import Planner
from lokid.config import Loaded
from lokid.engine import Engine
from lokid.errors import (
    LokidError,
    StorageError,
)
from lokid.looking import Looking
from lokid.managing import Managing
from lokid.paths import Workspace, choose_socket
from lokid.quiet import Quiet
from lokid.reload import Build, Reload
from lokid.schedule import Schedule
from lokid.server.appending import Appending
from lokid.server.barrier import Outcome
from lokid.server.complaints import Complaints
from lokid.server.durability import Durability
from lokid.server.listener import Landmark, Listener
from lokid.server.routes import build_app
from lokid.server.serve import QuietServer
from lokid.server.service import News, Service
from lokid.source import Source
from lokid.takeover import take_over
from lokid.upkeep import HINTS_SECONDS, Upkeep

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the others waiting.  A scan gives way at each system
call; with Python's own 5 ms each could cost so much under a query (measured: under
load p99 of `context` was 1.5 times as long)."""
READY_SECONDS = 10.0
"""When ``ready`` is told though the first scan still runs."""

A = TypeVarTuple("A")
T = TypeVar("T")


def run_daemon(  # noqa: PLR0913, PLR0917  the composition root's hand-over
    workspace: Workspace,
    loaded: Loaded,
    sources: Sequence[Source],
    projections: Build,
    environ: Mapping[str, str],
    ready: Callable[[], None] | None = None,
    planner: Planner | None = None,
) -> int:
    """Serve ``workspace`` until told to end; 0 is a good end.

    ``loaded`` are the settings of the start; a file that changes later counts
    from the next answer on (``reload.py``).  ``planner`` plans what is
    compacted; without it nothing is.
    ``ready`` is called when the first scan is done, or after `READY_SECONDS`.
    Raises WriterExists when another process keeps the log's lock, StorageError
    when the disk fails or the state directory vanishes, and whatever else
    opening the log raises.
    """
    knob = environ.get("LOKI_FAILURE_MEMORY") != "0"
    reload = Reload(workspace.loki, environ, loaded, projections)
    engine = Engine(
        workspace,
        loaded.settings,
        sources,
        reload.views,
        knob=knob,
        reload=reload,
        remark=_remark,
        planner=planner,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    return asyncio.run(_Daemon(engine, environ).run(ready))


def _remark(text: str) -> None:
    """A line in the daemon's log."""
    print(f"lokid: {text}", file=sys.stderr, flush=True)  # noqa: T201  that is its log


class _Daemon:
    """One life; see the module."""

    def __init__(self, engine: Engine, environ: Mapping[str, str]) -> None:
        self._engine = engine
        self._environ = environ
        self._writer = ThreadPoolExecutor(1, "lokid-engine")
        self._stop = asyncio.Event()
        self._news = News()
        self._quiet = Quiet()
        self._managing = Managing(engine.workspace, environ, engine.remark)
        self._ending: LokidError | None = None
        self._complaints = Complaints()
        self._durability = Durability(engine.sync, self._fail)

    async def run(self, ready: Callable[[], None] | None) -> int:
        """Open everything, serve, close everything in the reverse order."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._complaints.of_loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            stack.callback(self._durability.close)
            stack.callback(self._writer.shutdown)
            await self._open(stack)
            try:
                await self._serve(stack, ready)
            finally:
                self._stop.set()  # whatever ended us ends what runs beside
        if self._ending is not None:
            raise self._ending
        return 0

    async def _open(self, stack: AsyncExitStack) -> None:
        workspace = self._engine.workspace
        await take_over(self._engine, self._writer, self._stop)
        stack.push_async_callback(self._write, self._engine.close)
        assert self._engine.keeper is not None  # noqa: S101  open, and without a deadline
        self._upkeep = Upkeep(
            self._engine,
            self._engine.keeper,
            self._writer,
            self._durability,
            self._fail,
        )
        stack.callback(self._upkeep.close)
        assert self._engine.compaction is not None  # noqa: S101  as above
        self._bounding = Bounding(
            self._engine,
            self._engine.compaction,
            self._writer,
            self._stop,
            self._fail,
            self._quiet,
        )
        stack.callback(self._bounding.close)
        self._listener = Listener(workspace, choose_socket(workspace, self._environ))
        stack.callback(self._listener.close)
        self._lock = Landmark(workspace.log / "LOCK")

    async def _serve(
        self, stack: AsyncExitStack, ready: Callable[[], None] | None
    ) -> None:
        loop = asyncio.get_running_loop()
        settings = self._engine.settings
        looking = Looking(
            self._engine,
            self._writer,
            self._stop,
            self._complaints,
            self._fail,
            self._check,
            self._quiet,
        )
        stack.push_async_callback(looking.barrier.close)

        def appended() -> None:
            loop.call_soon_threadsafe(self._appended)

        self._engine.listen(appended)
        first = await looking.begin()
        stack.enter_context(self._quiet.collecting(loop))
        _beside(stack, looking.watch.run(self._stop))
        _beside(stack, self._durability.run(), cancel=True)
        _beside(stack, self._warm(first, ready), cancel=True)
        _beside(stack, self._upkeep.save_snapshots(), cancel=True)
        _beside(stack, self._upkeep.verify(first), cancel=True)
        _beside(stack, self._bounding.run(first), cancel=True)
        await self._managing.begin(
            stack, self._durability.reached, self._news.next, self._engine.seq
        )
        schedule = Schedule()
        stack.callback(schedule.stop)
        schedule.every(settings.reconcile_seconds, looking.reconcile)
        schedule.every(HINTS_SECONDS, self._upkeep.save_hints)
        schedule.every(LOOK_SECONDS, self._bounding.look)
        schedule.start()
        appending = Appending(
            self._engine, self._writer, self._durability, lambda: self._ending
        )
        service = Service(
            self._engine,
            looking.barrier,
            looking.watch.told,
            self._stop,
            self._news,
            appending.record,
            appending.take_in,
            self._bounding.compact,
            self._quiet,
            self._managing,
        )
        server = QuietServer(
            build_app(service, self._complaints), self._stop, self._news.tell
        )
        await server.serve_on(self._listener.socket)

    async def _warm(
        self, first: asyncio.Future[Outcome], ready: Callable[[], None] | None
    ) -> None:
        """Join a long history before anybody asks within a deadline; then say so.

        What took longer to read than anybody waits for is joined when it is read.
        """
        await asyncio.wait([first], timeout=READY_SECONDS)
        unread = not first.done()
        await self._join()
        if ready is not None:
            ready()
        if unread:
            await asyncio.wait([first])
            await self._join()

    async def _join(self) -> None:
        with suppress(LokidError):
            await asyncio.to_thread(self._engine.query, "context", {})

    # -- beside the answers -----------------------------------------------

    def _check(self) -> None:
        """End when we were taken away: nobody would find what is collected."""
        if not (self._lock.stands() and self._listener.is_ours()):
            where = self._engine.workspace.state
            message = f"the state directory {where} or the socket was taken away"
            self._fail(StorageError(message, "start again with: lokictl up"))

    def _appended(self) -> None:
        self._news.tell()
        self._durability.appended()
        self._upkeep.appended()
        self._bounding.appended()

    # -- small things -----------------------------------------------------

    def _write(self, job: Callable[[*A], T], *args: *A) -> asyncio.Future[T]:
        """Run ``job`` in the engine's thread."""
        return asyncio.get_running_loop().run_in_executor(self._writer, job, *args)

    def _fail(self, error: LokidError) -> None:
        self._ending = self._ending or error
        self._stop.set()


def _beside(
    stack: AsyncExitStack, work: Coroutine[None, None, None], *, cancel: bool = False
) -> None:
    """Run ``work`` beside the rest; on the way out cancel it or wait for it."""
    task = asyncio.create_task(work)

    async def joined() -> None:
        if cancel:
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    stack.push_async_callback(joined)
