"""Work in a forked child: what is imported once is not imported again per fault.

Whoever calls this has one thread and holds no lock of a log.  What the child
tells comes line by line through a pipe and outlives it.
"""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable

Tell = Callable[[str], None]
"""Says a line; it has arrived when this returns."""
Work = Callable[[Tell, int], int]
"""What a child does: gets `Tell` and the pipe's descriptor, gives an exit code."""

BROKEN = 70
"""How a child ends that met an error nobody meant to raise."""
LONGEST = 60
"""Seconds after which a child that hangs is ended, by SIGALRM."""


class Child:
    """A running child; `ended` reads what it tells and waits for its end."""

    def __init__(self, work: Work) -> None:
        """Run ``work``, from now on."""
        heard, told = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(heard)
            _live(work, told)
        os.close(told)
        self._heard = heard

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Whether it ends by itself within ``seconds``."""
        notice = os.pidfd_open(self.pid)
        try:
            return bool(select.select([notice], [], [], seconds)[0])
        finally:
            os.close(notice)

    def ended(self) -> tuple[int, list[str]]:
        """Its exit code (negative: the signal that ended it) and its lines."""
        with os.fdopen(self._heard, "rb") as pipe:
            lines = pipe.read().decode("utf-8", "backslashreplace").splitlines()
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), lines


def _live(work: Work, told: int) -> None:
    """The child's whole life; never returns."""

    def tell(line: str) -> None:
        os.write(told, line.encode("utf-8", "backslashreplace") + b"\n")

    code = BROKEN
    signal.alarm(LONGEST)
    try:
        code = work(tell, told)
    except BaseException:  # noqa: BLE001  told below, and the child must not go on
        for line in traceback.format_exc().splitlines():
            tell(f"broke\t{line}")
    finally:
        os._exit(code)
