"""Ask the service once, for a person who wants to know whether it works."""

from __future__ import annotations

from collections.abc import Mapping

from lokid import flags
from lokid.managed import stores
from lokid.managed.child import Child, environment
from lokid.managed.mirror import CLOCKS
from lokid.managed.wire import Reply, Told

OP = "probe"


async def probed(environ: Mapping[str, str]) -> Reply | None:
    """What came of it; None where managed memory is off: then nothing is asked."""
    if not flags.is_on(environ, flags.MEMORY):
        return None
    child = Child(environment(environ), _unheard)
    names = {one: stores.name_of(one, environ) for one in stores.SCOPES}
    try:
        return await child.ask(OP, {"names": names}, CLOCKS[OP])
    finally:
        await child.close()


async def _unheard(_events: list[Told]) -> None:
    """A person asked: the journal is the daemon's."""
