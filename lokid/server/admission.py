"""Which requests are answered at all: what a browser or a smuggler says is not.

The socket's mode keeps other users out; this keeps out what a program of ours
may be talked into passing on (a browser with a proxy, a forwarded port), and
requests that two readers could read in two ways.  Refused:

======= =====================================================================
400     no Host or several; a target that is not ``/...`` (another host's, two
        slashes first); a length and chunks both, either one twice, or another
        coding than chunks; an upgrade; an HTTP that is not 1.0 or 1.1
403     an ``Origin``: a web page asks
415     a POST that is not ``application/json``: a form could send it
421     a Host that is neither ``lokid`` nor ``localhost``
======= =====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

HOSTS = frozenset({b"lokid", b"localhost"})
"""Nothing else stands for us, with a port neither: there is no port."""
VERSIONS = frozenset({"1.0", "1.1"})
_JSON = b"application/json"

Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case."""
Told = Mapping[bytes, Sequence[bytes]]
Refusal = tuple[int, str]
"""A status and a reason."""


def refusal(
    version: str, method: bytes, target: bytes, headers: Headers
) -> Refusal | None:
    """The status and the reason with which a request is refused; None: it is not."""
    told: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        told.setdefault(name, []).append(value.strip())
    if version not in VERSIONS:
        return 400, "HTTP is 1.1 here"
    return _misread(target, told) or _foreign(method, told)


def _misread(target: bytes, told: Told) -> Refusal | None:
    """What another reader might read in another way."""
    if len(told.get(b"host", ())) != 1:
        return 400, "one Host is needed"
    if not target.startswith(b"/") or target.startswith(b"//"):
        return 400, "the target is no path"
    if b"upgrade" in told:
        return 400, "there is nothing to upgrade to"
    codings = [one.lower() for one in told.get(b"transfer-encoding", ())]
    lengths = [*told.get(b"content-length", ()), *codings]
    if len(lengths) > 1 or codings not in ([], [b"chunked"]):
        return 400, "the length is not clear"
    return None


def _foreign(method: bytes, told: Told) -> Refusal | None:
    """What was meant for somebody else, or may come from a web page."""
    if told[b"host"][0].lower() not in HOSTS:
        return 421, "the Host is lokid or localhost"
    if b"origin" in told:
        return 403, "web pages are not answered"
    types = [one.partition(b";")[0] for one in told.get(b"content-type", ())]
    if method == b"POST" and [one.strip().lower() for one in types] != [_JSON]:
        return 415, "a POST is application/json"
    return None
