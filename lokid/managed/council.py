"""Councils that run as managed sessions, from the question to the files.

The outcome is approved, rejected, or none.  None comes of any failure, too few
verdicts, no two thirds, a spent budget: one event says why, nothing is written, and
whoever asked goes its own way.  One council at a time.

What is sent is what was asked, without the shapes of secrets, and what earlier
verdicts said that bears on it (`augment`, where managed memory is on).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from lokid import atomic, flags
from lokid.errors import StorageError
from lokid.managed import beneath, mapping, papers, personas, verdicts
from lokid.managed.api import KEY
from lokid.managed.beneath import NotWritten
from lokid.managed.child import TIMEOUT, Clock
from lokid.managed.mirror import Mirror
from lokid.managed.personas import BUDGET_SECONDS, POOLS
from lokid.managed.sessions import BUDGET
from lokid.managed.verdicts import COMPLETION, REVIEW, Verdict
from lokid.managed.wire import Failed, Told, fallback
from lokid.secret_shapes import hide

FLAGS = {COMPLETION: flags.COUNCIL, REVIEW: flags.REVIEW}
DONE = {
    COMPLETION: "managed_completion_council_success",
    REVIEW: "managed_review_council_ok",
}
MODEL_KEY = "LOKID_MANAGED_MODEL"
"""Another model for the agents of councils."""
MODEL = "claude-opus-5"
GRACE_SECONDS = 1.5
"""How long a child that held its budget may take to end its session."""
LEAST_BUDGET = 1.0
AUGMENT = "council-augment.txt"
_AGENTS = "agent_ids.json"
_HEADING = "EARLIER VERDICTS THAT BEAR ON THIS:"

Answer = dict[str, Any]


class Councils:
    """See the module; lives in the event loop."""

    def __init__(self, mirror: Mirror, loki: Path, environ: Mapping[str, str]) -> None:
        """Nothing is asked and nothing read."""
        self._mirror = mirror
        self._loki = loki
        self._environ = environ
        self._one = asyncio.Lock()

    async def hold(self, kind: str, asked: Answer) -> Answer:
        """One council: ``asked`` has ``task``, ``budget`` or none, and what names it.

        That is ``number``, a completion council's round, or ``ident``, a review's.
        Gives ``outcome`` (null where there is none), ``reason`` of that, ``voters``.
        """
        if not flags.is_on(self._environ, FLAGS[kind]):
            return verdicts.undecided(
                kind, "is_enabled_false", f"{FLAGS[kind]} is not on"
            )
        async with self._one:
            return await self._held(kind, asked)

    async def augment(self, question: str) -> str:
        """Write what earlier verdicts say of a question; "" where nothing does."""
        if not flags.is_on(self._environ, flags.MEMORY):
            return ""
        hits = await self._mirror.hits(question, mapping.VERDICTS)
        lines = [f"- {one.path}: {one.text}" for one in hits]
        text = "\n".join([_HEADING, *lines]) if lines else ""
        await asyncio.to_thread(self._keep_augment, text)
        return text

    # -- one council ------------------------------------------------------

    async def _held(self, kind: str, asked: Answer) -> Answer:
        begun = time.monotonic()
        budget = max(LEAST_BUDGET, float(asked.get("budget") or BUDGET_SECONDS[kind]))
        if kind == REVIEW and papers.is_taken(self._loki, asked["ident"]):
            return await self._fallen(kind, Failed("verdict_write_failed", "taken"))
        task = hide(asked["task"])
        more = await self.augment(task)
        model = self._environ.get(MODEL_KEY) or MODEL
        args = {
            "kind": kind,
            "task": "\n\n".join(part for part in (task, more) if part),
            "model": model,
            "budget": budget,
            "until": begun + budget,
            "known": await asyncio.to_thread(self._known),
            "mark": self._mark(kind, model),
        }
        left = budget + GRACE_SECONDS - (time.monotonic() - begun)
        clock = Clock(max(LEAST_BUDGET, left), is_long=True)
        late = fallback(kind, Failed(BUDGET, f"no answer in {budget:g} s"))
        reply = await self._mirror.ask(kind, args, clock, late)
        if reply.reason is not None:
            reason = BUDGET if reply.reason == TIMEOUT else reply.reason
            if not reply.events:  # it is shut, and was told when that began
                return await self._fallen(kind, Failed(reason, reply.detail))
            return verdicts.undecided(kind, reason, reply.detail)
        await asyncio.to_thread(self._remember, reply.result["known"])
        said = _said(kind, reply.result["verdicts"])
        return await self._settled(kind, asked, said, reply.result["session"], begun)

    async def _settled(
        self,
        kind: str,
        asked: Answer,
        said: dict[str, Verdict],
        session: str,
        begun: float,
    ) -> Answer:
        """Decide, write, tell."""
        real = sum(one.is_real for one in said.values())
        if real < verdicts.LEAST_VOTES:
            words = f"{real} of {len(said)} gave a verdict"
            return await self._fallen(kind, Failed("too_few_votes", words))
        outcome = verdicts.outcome(kind, list(said.values()))
        if outcome is None:
            words = ", ".join(f"{role}: {one.said}" for role, one in said.items())
            return await self._fallen(kind, Failed("no_majority", words))
        spent = round((time.monotonic() - begun) * 1000)
        facts: dict[str, object] = {
            "session_id": session,
            "majority": verdicts.majority(list(said.values())),
            "partial": real < len(said),
            "elapsed_ms": spent,
        }
        try:
            where = await asyncio.to_thread(self._write, kind, asked, said, facts)
        except (NotWritten, OSError, StorageError) as error:
            return await self._fallen(kind, Failed("verdict_write_failed", str(error)))
        named = {"review_id": asked["ident"]} if kind == REVIEW else {}
        payload = {
            "op": kind,
            "voters": len(said),
            "outcome": outcome,
            **facts,
            **named,
        }
        if kind == COMPLETION:
            payload["round"] = asked["number"]
        await self._mirror.tell([Told(type=DONE[kind], payload=payload)])
        voters = [
            {"role": role, "said": one.said, "reason": one.reason}
            for role, one in said.items()
        ]
        return {
            "schema": 1,
            "kind": kind,
            "outcome": outcome,
            "reason": None,
            "detail": None,
            "voters": voters,
            "written": where,
            **facts,
        }

    def _write(
        self,
        kind: str,
        asked: Answer,
        said: dict[str, Verdict],
        facts: Mapping[str, object],
    ) -> str:
        if kind == REVIEW:
            return papers.review(self._loki, asked["ident"], said, facts)
        return papers.completion(self._loki, asked["number"], said, facts)

    async def _fallen(self, kind: str, failed: Failed) -> Answer:
        await self._mirror.tell([fallback(kind, failed)])
        return verdicts.undecided(kind, failed.reason, failed.detail)

    # -- what is kept -----------------------------------------------------

    def _mark(self, kind: str, model: str) -> str:
        """Tells accounts, models and words apart: other ones are other agents."""
        words = [personas.system_of(kind, role) for role in POOLS[kind]]
        parts = [
            self._environ.get(KEY, ""),
            self._environ.get("ANTHROPIC_BASE_URL", ""),
            model,
            personas.coordinator_of(kind),
            msgspec.json.encode(personas.tool(kind)).decode(),
            *words,
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

    def _known(self) -> dict[str, str]:
        try:
            data = (self._mirror.folder / _AGENTS).read_bytes()
            return msgspec.json.decode(data, type=dict[str, str])
        except (OSError, msgspec.MsgspecError):
            return {}  # made again

    def _remember(self, known: dict[str, str]) -> None:
        with suppress(OSError, NotWritten, StorageError):  # else made again
            folder = beneath.folder(self._loki, "managed")
            beneath.write(folder / _AGENTS, msgspec.json.encode(known))

    def _keep_augment(self, text: str) -> None:
        file = self._mirror.folder / AUGMENT
        with suppress(OSError, NotWritten, StorageError):  # it is sent all the same
            if text:
                beneath.folder(self._loki, "managed")
                atomic.write_file(file, [text.encode(), b"\n"])
            else:
                file.unlink(missing_ok=True)


def _said(kind: str, told: Mapping[str, Any]) -> dict[str, Verdict]:
    """What each member said; who said nothing abstained."""
    given = {role: msgspec.convert(one, Verdict) for role, one in told.items()}
    return {role.name: given.get(role.name, Verdict()) for role in POOLS[kind]}
