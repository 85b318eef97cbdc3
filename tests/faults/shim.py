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
KILLS = (KILL_BEFORE, KILL_AFTER, KILL_HALF)


class Fault(msgspec.Struct, frozen=True):
    """What meets the Nth call, and with ``stays`` every later one too.

    ``writes``: only writes are counted.
    """

    mode: int
    number: int = 0
    stays: bool = False
    writes: bool = False


FAULTS = {
    "kill-before": Fault(KILL_BEFORE),
    "kill-after": Fault(KILL_AFTER),
    "kill-half": Fault(KILL_HALF, writes=True),
    "short": Fault(SHORT, writes=True),
    "short-then-full": Fault(SHORT, errno.ENOSPC, stays=True, writes=True),
}
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES")
for _name in ERRORS:
    FAULTS[_name] = Fault(FAIL, getattr(errno, _name))
    FAULTS[f"{_name}-stays"] = Fault(FAIL, getattr(errno, _name), stays=True)


def built(folder: Path) -> Path:
    """The shim as a library in ``folder``; NotRun where it cannot be made."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        reason = "needs Linux and a C compiler (cc) for an LD_PRELOAD shim"
        raise NotRun(reason, "apt install gcc libc6-dev && make faults")
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        str(library),
        str(source),
        "-ldl",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        reason = f"the shim does not build here: {made.stderr.strip()[-200:]}"
        raise NotRun(reason, "apt install gcc libc6-dev && make faults")
    return library


def arm(folder: Path, fault: Fault, nth: int, pipe: int) -> None:
    """From here on, in this process, the fault meets the Nth call below a folder."""
    shim_arm = ctypes.CDLL(None).shim_arm
    number = ctypes.c_int
    shim_arm.argtypes = (ctypes.c_char_p, number, ctypes.c_long, *[number] * 4)
    shim_arm(
        bytes(folder), fault.mode, nth, fault.number, fault.stays, fault.writes, pipe
    )
