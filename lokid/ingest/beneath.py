"""Opens what lies below a folder, and nothing that a symbolic link leads to.

``O_NOFOLLOW`` guards only the last component: a folder on the way that is
swapped for a link is followed (measured: it opened /etc/passwd).  Two ways hold
for every component:

* ``openat2`` with ``RESOLVE_BENEATH``, no symbolic and no magic links: the kernel
  walks, in one call.  The standard library does not have it, so it is called by
  its number;
* where the kernel or a sandbox does not give it: a walk of our own, each folder
  opened relative to the one before with ``O_NOFOLLOW``.

`open_beneath` is the better one that this machine has; both refuse alike.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable

Opener = Callable[[int, str, int], int]
"""(handle of the folder above, path below it, flags) -> handle; raises OSError."""

_OPENAT2 = 437  # the same number on every machine that we try it on
_MACHINES = frozenset({"x86_64", "aarch64"})
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_SIZE = ctypes.sizeof(_How)


def open_beneath(above: int, path: str, flags: int) -> int:
    """Open ``path`` below the folder ``above``; OSError for a link on the way."""
    return _best()(above, path, flags)


def by_kernel(above: int, path: str, flags: int) -> int:
    """The same by ``openat2``: ELOOP for a link, EXDEV for a way out."""
    name = os.fsencode(path)
    handle: int = _system_call()(_OPENAT2, above, name, _how(flags), _SIZE)
    if handle < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return handle


def by_walk(above: int, path: str, flags: int) -> int:
    """The same by steps: ELOOP or ENOTDIR for a link, EXDEV for a way out."""
    *folders, name = path.split("/")
    if not {"", ".."}.isdisjoint((*folders, name)):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    at = above
    try:
        for folder in folders:
            handle = os.open(folder, _FOLDER, dir_fd=at)
            if at != above:
                os.close(at)
            at = handle
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    finally:
        if at != above:
            os.close(at)


@functools.cache
def kernel_can() -> bool:
    """Whether ``openat2`` works here; asked once."""
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        return False
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(by_kernel(root, ".", os.O_RDONLY | os.O_DIRECTORY))
    except (OSError, AttributeError):  # too old, forbidden, or no such symbol
        return False
    finally:
        os.close(root)
    return True


@functools.cache
def _best() -> Opener:
    return by_kernel if kernel_can() else by_walk


@functools.cache
def _how(flags: int) -> ctypes.Array[ctypes.c_char]:
    """The kernel only reads it, so one for each kind of opening is enough."""
    ways = _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS
    return ctypes.create_string_buffer(bytes(_How(flags | os.O_CLOEXEC, 0, ways)))


@functools.cache
def _system_call() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
    )
    call.restype = ctypes.c_long
    return call
