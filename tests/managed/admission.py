"""Who may ask: the key, the version of the interface, the beta.

Up to 1.17 the SDK sends the key as `x-api-key`, from 2.x on as a bearer token; the
service takes both, and so does the double.  What it accepts can be changed while it
runs, which is what a service does that retires a beta.  From the documentation
alone: memory stores go by either of two betas, the rest by one.  A value that nobody
knows is refused even beside one that is known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from calls import Json, Refused, invalid
from stores import BASE

AGENTS_BETA = "managed-agents-2026-04-01"
MEMORY_BETA = "agent-memory-2026-07-22"


class Admission:
    """What is accepted now."""

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        """``keys``: none says that any key will do."""
        self.keys = frozenset(keys)
        self.memory_betas = frozenset({AGENTS_BETA, MEMORY_BETA})
        self.agent_betas = frozenset({AGENTS_BETA})

    def admit(self, path: str, headers: Mapping[str, str]) -> Json:
        """Who asks, as the actor of what is written."""
        key = headers.get("x-api-key") or _bearer(headers)
        if not key or (self.keys and key not in self.keys):
            raise Refused(401, "authentication_error", "invalid x-api-key")
        version = headers.get("anthropic-version", "")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", version):
            raise invalid("anthropic-version: header is required")
        self._hold_beta(path, headers.get("anthropic-beta", ""))
        name = hashlib.sha256(key.encode()).hexdigest()[:24]
        return {"type": "api_actor", "api_key_id": f"apikey_{name}"}

    def _hold_beta(self, path: str, header: str) -> None:
        sent = {one.strip() for one in header.split(",") if one.strip()}
        wanted = self.memory_betas if path.startswith(BASE) else self.agent_betas
        unknown = sent - self.memory_betas - self.agent_betas
        if unknown:
            values = ", ".join(f"`{one}`" for one in sorted(unknown))
            raise invalid(
                f"Unexpected value(s) {values} for the `anthropic-beta` header"
            )
        if not sent & wanted:
            raise invalid(
                f"this interface needs the `anthropic-beta` header {sorted(wanted)}"
            )


def _bearer(headers: Mapping[str, str]) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""
