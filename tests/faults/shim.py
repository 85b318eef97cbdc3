"""The shim of ``shim.c``: how it is built, and the faults it can be told.

A program is started under it (`built`), its forked children arm it (`arm`).
"""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from table import NotRun

WATCH, KILL_BEFORE, KILL_AFTER, KILL_HALF, FAIL, SHORT = range(6)
"""As in shim.c."""
_FLAGS = ("-shared", "-fPIC", "-O1", "-Wall", "-Werror")
KILLS = (KILL_BEFORE, KILL_AFTER, KILL_HALF)


class Fault(msgspec.Struct, frozen=True):
    """What meets the Nth call, and with ``stays`` every later one too.

    ``only``: a part of the kinds of call that are counted.
    """

    mode: int
    number: int = 0
    stays: bool = False
    only: str = ""


FAULTS = {
    "kill-before": Fault(KILL_BEFORE),
    "kill-after": Fault(KILL_AFTER),
    "kill-half": Fault(KILL_HALF, only="write"),
    "short": Fault(SHORT, only="write"),
    "short-then-full": Fault(SHORT, errno.ENOSPC, stays=True, only="write"),
}
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES")
for _name in ERRORS:
    FAULTS[_name] = Fault(FAIL, getattr(errno, _name))
    FAULTS[f"{_name}-stays"] = Fault(FAIL, getattr(errno, _name), stays=True)
FAULTS["EIO-fdatasync"] = Fault(FAIL, errno.EIO, only="fdatasync")


def built(folder: Path) -> Path:
    """The shim as a library in ``folder``.

    NotRun where nothing in C can be built, RuntimeError where only this cannot.
    """
    compiler = shutil.which("cc")
    probe = folder / "probe.c"
    probe.write_text("#include <stdio.h>\n")
    library = folder / "shim.so"
    if (
        sys.platform != "linux"
        or compiler is None
        or _complaint(compiler, "-c", probe, "-o", folder / "probe.o")
    ):
        reason = "needs Linux and a C compiler (cc) for an LD_PRELOAD shim"
        raise NotRun(reason, "apt install gcc libc6-dev && make faults")
    source = Path(__file__).with_name("shim.c")
    wrong = _complaint(compiler, *_FLAGS, source, "-o", library, "-ldl")
    if wrong:
        raise RuntimeError(wrong)
    return library


def _complaint(*command: str | Path) -> str:
    """What a command says when it fails."""
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return made.stderr if made.returncode else ""


def arm(folder: Path, fault: Fault, nth: int, pipe: int) -> None:
    """From here on, in this process, the fault meets the Nth call below a folder."""
    shim_arm = ctypes.CDLL(None).shim_arm
    number = ctypes.c_int
    shim_arm.argtypes = (
        *(ctypes.c_char_p, number, ctypes.c_long, number, number),
        *(ctypes.c_char_p, number),
    )
    told = (fault.mode, nth, fault.number, fault.stays, fault.only.encode(), pipe)
    shim_arm(bytes(folder), *told)
