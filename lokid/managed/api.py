"""The only module that imports the SDK; it runs in the child alone.

Each method is one step of an operation: one request, no retries (the SDK's own
make one conflict three requests), listings one request a page.  What comes back are
plain objects, what goes wrong is `Failed` with a reason, `Conflict` or `Missing`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from lokid.managed.wire import Failed

if TYPE_CHECKING:
    from anthropic import Anthropic

KEY = "ANTHROPIC_API_KEY"
BETA = "agent-memory-2026-07-22"
BETA_KEY = "LOKID_MANAGED_BETA"
"""Another beta header for the memory routes, should the service want one."""
SECONDS = 30.0
"""Of one request; the operation's own clock is the daemon's and shorter."""
PAGE, FULL_PAGE = 100, 20
"""Memories a page: without their content, and with it."""
_STATUS = {
    401: "auth",
    403: "auth",
    413: "content_too_large",
    429: "rate_limited",
}
_SERVER = 500
_BAD, _NOT_FOUND, _CONFLICT, _PRECONDITION = 400, 404, 409, 412

R = TypeVar("R")


class Conflict(Exception):
    """What is stored is something else: whose it is, where that is told."""

    def __init__(self, kind: str, memory: str | None) -> None:
        """``kind`` is path or precondition."""
        super().__init__(kind)
        self.kind = kind
        self.memory = memory


class Missing(Exception):
    """A store, a memory or a version that is not there."""


def connect(environ: Mapping[str, str]) -> Api:
    """A client, with no request made.  Raises Failed."""
    if not environ.get(KEY):
        raise Failed("missing_api_key", f"{KEY} is not set", shut=True)
    if importlib.util.find_spec("anthropic") is None:
        words = "the SDK is not installed: pip install 'lokid[managed]'"
        raise Failed("anthropic_not_installed", words, shut=True)
    import anthropic

    client = anthropic.Anthropic(api_key=environ[KEY], max_retries=0, timeout=SECONDS)
    return Api(client, anthropic, environ.get(BETA_KEY) or BETA)


class Api:
    """The calls that operations are made of."""

    def __init__(self, client: Anthropic, sdk: Any, beta: str) -> None:  # noqa: ANN401  a module
        """``sdk`` is the SDK itself: its classes of errors."""
        self._sdk = sdk
        self._stores: Any = client.beta.memory_stores
        self.client: Any = client
        self.also: dict[str, Any] = {"extra_headers": {"anthropic-beta": beta}}

    # -- stores -----------------------------------------------------------

    def stores(self, *, archived: bool = False) -> Iterator[Any]:
        """All stores, page by page; ``archived`` ones too where that is asked."""
        yield from self.pages(
            lambda: self._stores.list(
                limit=PAGE, include_archived=archived, **self.also
            )
        )

    def create_store(self, name: str, description: str, scope: str) -> Any:  # noqa: ANN401  the SDK's
        """A store of ours."""
        return self.call(
            lambda: self._stores.create(
                name=name,
                description=description,
                metadata={"loki_scope": scope},
                **self.also,
            )
        )

    # -- memories ---------------------------------------------------------

    def create(self, store: str, path: str, content: str) -> Any:  # noqa: ANN401  the SDK's
        """A memory where there is none.  Raises Conflict."""
        memories = self._stores.memories
        return self.call(
            lambda: memories.create(store, path=path, content=content, **self.also)
        )

    def read(self, store: str, memory: str) -> Any:  # noqa: ANN401  the SDK's
        """A memory in full."""
        memories = self._stores.memories
        return self.call(
            lambda: memories.retrieve(
                memory, memory_store_id=store, view="full", **self.also
            )
        )

    def rewrite(self, store: str, memory: str, expected: str, **changes: str) -> Any:  # noqa: ANN401  the SDK's
        """Another ``content`` or ``path``, guarded alike.  Raises Conflict."""
        memories = self._stores.memories
        condition = {"type": "content_sha256", "content_sha256": expected}
        return self.call(
            lambda: memories.update(
                memory,
                memory_store_id=store,
                precondition=condition,
                **changes,
                **self.also,
            )
        )

    def delete(self, store: str, memory: str, expected: str) -> None:
        """Delete a memory, if that content is stored.  Raises Conflict."""
        memories = self._stores.memories
        self.call(
            lambda: memories.delete(
                memory,
                memory_store_id=store,
                expected_content_sha256=expected,
                **self.also,
            )
        )

    def memories(self, store: str, prefix: str, *, full: bool) -> Iterator[Any]:
        """All memories below a prefix, page by page; folders left out."""
        view, page = ("full", FULL_PAGE) if full else ("basic", PAGE)
        listed = self.pages(
            lambda: self._stores.memories.list(
                store, path_prefix=prefix, view=view, limit=page, **self.also
            )
        )
        yield from (one for one in listed if getattr(one, "id", None))

    # -- versions ---------------------------------------------------------

    def versions(
        self, store: str, *, memory: str | None = None, full: bool = False
    ) -> Iterator[Any]:
        """All versions, the newest first, page by page; of one ``memory`` or of all."""
        view, page = ("full", FULL_PAGE) if full else ("basic", PAGE)
        which = {} if memory is None else {"memory_id": memory}
        versions = self._stores.memory_versions
        yield from self.pages(
            lambda: versions.list(store, view=view, limit=page, **which, **self.also)
        )

    def redact(self, store: str, version: str) -> None:
        """Take out for good what a version says; the head of a memory is refused."""
        versions = self._stores.memory_versions
        self.call(lambda: versions.redact(version, memory_store_id=store, **self.also))

    # -- how --------------------------------------------------------------

    def pages(self, first: Callable[[], Any]) -> Iterator[Any]:
        """What a listing gives, one request a page.  Raises as `call`."""
        pages = self.call(first)
        while True:
            yield from pages.data
            if not pages.has_next_page():
                return
            pages = self.call(pages.get_next_page)

    def call(self, step: Callable[[], R]) -> R:
        """One request.  Raises Failed, Conflict, Missing."""
        sdk = self._sdk
        try:
            return step()
        except sdk.APITimeoutError as error:
            raise Failed("timeout", str(error)) from error
        except sdk.APIConnectionError as error:
            raise Failed("stores_error", str(error)) from error
        except sdk.APIStatusError as error:
            raise _meaning(error.status_code, error.message, error.body) from error
        except sdk.AnthropicError as error:
            raise Failed("client_error", str(error)) from error
        except ValueError as error:  # JSON that is none: not an error of the SDK's own
            raise Failed("client_error", f"no JSON came back: {error}") from error


def _meaning(status: int, message: str, body: object) -> Exception:
    """What an answer that is no success says."""
    if status == _NOT_FOUND:
        return Missing(message)
    if status in (_CONFLICT, _PRECONDITION):
        return _conflict(body)
    if status == _BAD and "beta" in message.lower():
        return Failed("beta_rejected", message, shut=True)
    if status == _BAD and "archived" in message.lower():
        return Failed("store_archived", message)
    if status >= _SERVER:
        return Failed("server_error", message)
    reason = _STATUS.get(status, "client_error")
    return Failed(reason, message, shut=reason == "auth")


def _conflict(body: object) -> Conflict:
    told = body.get("error") if isinstance(body, dict) else None
    error = told if isinstance(told, dict) else {}
    kind = "path" if "path" in str(error.get("type")) else "precondition"
    return Conflict(kind, error.get("conflicting_memory_id"))
