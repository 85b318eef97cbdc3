"""Who is at the other end of a Unix socket, by the kernel's word.

Both ends ask: a daemon answers nobody else, and a client believes nobody else,
whatever path a file in the state directory told it.  The hot path imports this:
nothing but `os`, `sys` and `_socket`.
"""

from __future__ import annotations

import _socket
import os
import sys

_SIZE = 12  # struct ucred: pid, uid, gid
_UID = slice(4, 8)


def is_ours(link: _socket.socket) -> bool:
    """Whether a connected socket's peer is of our user, or root.

    Where the system does not say, the socket's mode and folder are the only guard.
    """
    option = getattr(_socket, "SO_PEERCRED", None)
    if option is None:
        return True
    raw = link.getsockopt(_socket.SOL_SOCKET, option, _SIZE)
    return int.from_bytes(raw[_UID], sys.byteorder) in (os.getuid(), 0)
