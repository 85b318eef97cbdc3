"""Turns answers and errors into responses; every route goes through `answered`.

JSON is ASCII, one object and a newline, so that a terminal shows nothing but
what it says.  An error of ours keeps its class, hint and exit code on the way
to the client; a bug is one traceback on the daemon's standard error and a 500.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lokid.errors import DiskFull, LokidError, StorageError, UsageError
from lokid.server.complaints import Complaints

Endpoint = Callable[[Request], Awaitable[Response]]

_STATUS: tuple[tuple[type[LokidError], int], ...] = (
    (UsageError, 400),
    (DiskFull, 507),
    (StorageError, 500),
)


def answered(endpoint: Endpoint, complaints: Complaints) -> Endpoint:
    """An endpoint whose errors are problems a client can read."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException:
            raise
        except ClientDisconnect:
            return problem(UsageError("the request was not finished"))
        except LokidError as error:
            return problem(error)
        except Exception as error:  # noqa: BLE001  one request never ends the daemon
            complaints.tell(error)
            return problem(LokidError(f"unexpected {type(error).__name__}"))

    return guarded


def as_json(answer: Mapping[str, object], status: int = 200) -> Response:
    """An answer as JSON, with its freshness in the head too."""
    return Response(
        _encoded(answer),
        status,
        headers=freshness(answer),
        media_type="application/json",
    )


def as_text(answer: Mapping[str, object]) -> Response:
    """The answer's ``text``: exactly the bytes to print, nothing when it is empty."""
    text = str(answer["text"])
    if text and not text.endswith("\n"):
        text += "\n"
    return Response(text, headers=freshness(answer), media_type="text/plain")


def freshness(answer: Mapping[str, object]) -> dict[str, str]:
    """The headers that tell what an answer stands on."""
    head = {}
    if "as_of_seq" in answer:
        head["X-Lokid-Seq"] = str(answer["as_of_seq"])
        head["X-Lokid-Stale"] = "1" if answer["stale"] else "0"
    if answer.get("reason"):
        head["X-Lokid-Reason"] = _header_safe(str(answer["reason"]))
    return head


def problem(error: LokidError, status: int | None = None) -> Response:
    """An error of ours as ``application/problem+json`` (RFC 9457)."""
    if status is None:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    title = type(error).__name__
    told = {
        "type": f"urn:lokid:error:{title}",
        "title": title,
        "status": status,
        "detail": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }
    return Response(_encoded(told), status, media_type="application/problem+json")


async def http_problem(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: an unknown path, a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = f"{request.method} {request.url.path} is nothing that lokid answers"
    return problem(UsageError(detail), status)


def _encoded(told: Mapping[str, object]) -> bytes:
    return (json.dumps(told, separators=(",", ":")) + "\n").encode()


def _header_safe(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:200]
