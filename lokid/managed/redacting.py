"""Take out of the stores what a pattern matches: heads, old versions, deleted ones.

A version that is the head of a live memory cannot be redacted, so the memory is
rewritten first, guarded by what is stored: what matched becomes `MARK`, in the path
too.  Where a store is archived, or nothing that is left would be free of the
pattern, the memory is deleted instead.  Then each version that matched is redacted,
with one event.  It goes over the versions again until none matches any more, since
somebody may write meanwhile.

All stores of our name and scope are looked at, archived ones and younger twins too.
One failure does not stop the rest.  Nothing local is changed.

Refused with words, before any request: a pattern that is no regular expression, one
over `MOST_PATTERN` characters, one that matches nothing at all (it would match
everything), a scope that is none.  A pattern that takes for ever ends with the child:
the matching gives no sign of life, and the clock runs out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lokid.managed import mapping, stores
from lokid.managed.api import Api, Conflict, Missing
from lokid.managed.wire import Events, Failed, Told

REDACTED = "managed_memory_redact"
ALL = "all"
SCOPES = (*stores.SCOPES, ALL)
MARK = "[redacted]"
PATH_MARK = "redacted"
MOST_PATTERN = 512
MOST_ERRORS = 100
"""Failures that are told one by one."""
_PASSES = 3
_TRIES = 2

Answer = dict[str, Any]


def redact(api: Api, args: Mapping[str, Any], events: Events) -> dict[str, object]:
    """Redact what ``pattern`` matches in ``scope`` (user, org, all).

    ``names`` are the stores' by scope, ``actor`` is who asked.  Gives
    ``redacted_count``, ``scanned`` (versions), ``head_rewritten`` and ``errors``;
    with ``error`` where nothing was done since the question makes no sense.
    """
    told: Answer = {"redacted_count": 0, "scanned": 0, "head_rewritten": 0}
    told["errors"] = []
    pattern = args["pattern"]
    problem = _problem(pattern, args["scope"])
    if problem is not None:
        return {**told, "error": problem}
    work = _Redaction(api, re.compile(pattern), str(args["actor"]), events, told)
    for scope in stores.SCOPES:
        if args["scope"] in {scope, ALL}:
            for store in stores.all_of(api, scope, args["names"][scope]):
                work.over(store, scope)
    return told


def _problem(pattern: object, scope: object) -> str | None:
    """What is wrong with a question, in words."""
    if scope not in SCOPES:
        return f"scope must be one of {', '.join(SCOPES)}"
    if not isinstance(pattern, str) or not 0 < len(pattern) <= MOST_PATTERN:
        return f"pattern must be text of 1 to {MOST_PATTERN} characters"
    try:
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"pattern is no regular expression: {error}"
    if found.search(""):
        return "pattern matches the empty text: it would match everything"
    return None


class _Redaction:
    """One question, over one store after the other."""

    def __init__(
        self, api: Api, found: re.Pattern[str], actor: str, events: Events, told: Answer
    ) -> None:
        self._api = api
        self._found = found
        self._events = events
        self._told = told
        self._fixed: dict[str, object] = {
            "actor": actor,
            "pattern_sha256": hashlib.sha256(found.pattern.encode()).hexdigest(),
        }
        self._failed: set[str] = set()

    def over(self, store: str, scope: str) -> None:
        """Until nothing matches any more."""
        for number in range(_PASSES):
            matched = self._matched(store, is_first=not number)
            if not matched:
                return
            for memory, versions in matched.items():
                self._clean(store, scope, memory, versions)
        if self._matched(store, is_first=False):
            self._fail("redact", store, None, "somebody goes on writing what matches")

    def _matched(self, store: str, *, is_first: bool) -> dict[str, list[str]]:
        """The versions that match, by memory; those that failed are left alone."""
        matched: dict[str, list[str]] = {}
        try:
            for version in self._api.versions(store, full=True):
                self._events.alive()
                if version.redacted_at is not None or version.id in self._failed:
                    continue
                self._told["scanned"] += is_first
                if self._hits(version):
                    matched.setdefault(str(version.memory_id), []).append(version.id)
        except (Failed, Missing) as error:
            self._fail("list", store, None, _words(error))
        return matched

    def _hits(self, one: Any) -> bool:  # noqa: ANN401  a memory or a version
        texts = (one.path, one.content)
        return any(text is not None and self._found.search(text) for text in texts)

    def _clean(self, store: str, scope: str, memory: str, versions: list[str]) -> None:
        try:
            head = self._free_head(store, memory)
        except (Conflict, Failed, Missing) as error:
            for version in versions:
                self._fail("rewrite", store, version, _words(error))
            return
        for version in versions:
            self._events.alive()
            try:
                self._api.redact(store, version)
            except (Conflict, Failed, Missing) as error:
                self._fail("redact", store, version, _words(error))
                continue
            self._told["redacted_count"] += 1
            payload: dict[str, object] = {
                "store_id": store,
                "memory_version_id": version,
                "memory_id": memory,
                "scope": scope,
                "was_head": version == head,
                **self._fixed,
            }
            self._events.append(Told(type=REDACTED, payload=payload))

    # -- heads ------------------------------------------------------------

    def _free_head(self, store: str, memory: str) -> str | None:
        """See that the head does not match; gives the version that was one and did."""
        for _ in range(_TRIES):
            try:
                live = self._api.read(store, memory)
            except Missing:
                return None  # deleted: all its versions are old ones
            if not self._hits(live):
                return None
            try:
                self._replace(store, live)
            except Conflict:
                continue  # another wrote meanwhile: read again
            self._told["head_rewritten"] += 1
            return str(live.memory_version_id)
        raise Conflict("precondition", memory)

    def _replace(self, store: str, live: Any) -> None:  # noqa: ANN401  the SDK's
        changes = self._changes(live)
        expected = str(live.content_sha256)
        try:
            if changes is not None:
                self._api.rewrite(store, live.id, expected, **changes)
                return
        except Failed as failed:
            if failed.reason != "store_archived":
                raise
        self._api.delete(store, live.id, expected)

    def _changes(self, live: Any) -> dict[str, str] | None:  # noqa: ANN401  the SDK's
        """What is to be written; None: nothing that is left would be free of it."""
        changes = {}
        if self._found.search(live.content or ""):
            content = self._without(live.content, (MARK, ""))
            if content is None:
                return None
            changes["content"] = content
        if self._found.search(live.path):
            path = self._path(live)
            if path is None:
                return None
            changes["path"] = path
        return changes

    def _without(self, text: str, marks: tuple[str, ...]) -> str | None:
        """The text with a mark for what matched; None where that matches too."""
        for mark in marks:
            clean = self._found.sub(mark, text)  # no backslash in it: no template
            if not self._found.search(clean):
                return clean
        return None

    def _path(self, live: Any) -> str | None:  # noqa: ANN401  the SDK's
        """Its path without what matched, and with its id: none has that yet."""
        tail = str(live.id)
        for begin in self._beginnings(str(live.path)):
            path = f"{begin}-{tail}.json"
            if not self._found.search(path) and mapping.is_path(path):
                return path
        return None

    def _beginnings(self, path: str) -> Iterator[str]:
        clean = self._without(path.removesuffix(".json"), (PATH_MARK, ""))
        if clean:
            yield clean
        yield f"/{PATH_MARK}"

    # -- what went wrong --------------------------------------------------

    def _fail(self, op: str, store: str, version: str | None, error: str) -> None:
        if version is not None:
            self._failed.add(version)
        errors = self._told["errors"]
        if len(errors) < MOST_ERRORS:
            row = {"op": op, "store_id": store, "memory_version_id": version}
            errors.append({**row, "error": error})


def _words(error: Exception) -> str:
    if isinstance(error, Failed):
        return f"{error.reason}: {error.detail}"
    if isinstance(error, Conflict):
        return f"somebody else wrote it meanwhile ({error.kind})"
    return str(error)
