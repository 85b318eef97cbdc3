"""The routes: thin, each one question to the service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lokid.errors import UsageError
from lokid.projection import Answer
from lokid.server.answers import (
    Endpoint,
    answered,
    as_json,
    as_text,
    freshness,
    http_problem,
    problem,
)
from lokid.server.complaints import Complaints
from lokid.server.service import Service
from lokid.server.stream import Wish, lines_on, lines_until

_UNPROCESSABLE = 422
_NDJSON = "application/x-ndjson"


def build_app(service: Service, complaints: Complaints) -> Starlette:
    """The application over one service; bugs go to ``complaints``."""

    async def ping(_request: Request) -> Response:
        return as_json(service.ping())

    async def status(request: Request) -> Response:
        return as_json(await service.status(request.query_params))

    async def shutdown(_request: Request) -> Response:
        service.stop.set()
        return as_json({"ending": True}, 202)

    async def events(request: Request) -> Response:
        wish = Wish(request.query_params)
        now = await service.status(request.query_params)
        lines = lines_on if wish.follow else lines_until
        stream = lines(service, wish, now["as_of_seq"])
        return StreamingResponse(stream, media_type=_NDJSON, headers=freshness(now))

    async def query(request: Request) -> Response:
        name = request.path_params["name"]
        params = request.query_params
        answer, served = await service.ask(name, params, request.is_disconnected)
        as_text_wanted = params.get("format") == "text"
        render = as_text if as_text_wanted and "text" in answer else as_json
        response = render(answer)
        if served is not None:
            response.background = BackgroundTask(service.note_served, served)
        return response

    async def compact(request: Request) -> Response:
        return as_json(await service.compact(request.query_params))

    def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(path, answered(endpoint, complaints), methods=[method])

    app = Starlette(
        routes=[
            route("/ping", ping),
            route("/status", status),
            route("/events", events),
            route("/shutdown", shutdown, "POST"),
            route("/record", _posted(service.record), "POST"),
            route("/import", _posted(service.take_in), "POST"),
            route("/compact", compact, "POST"),
            route("/api/managed/memory_versions/{memory}", _versions(service)),
            route("/api/managed/{name}", _managed(service)),
            route("/managed/context", _related(service)),
            route("/managed/{name}", _done(service), "POST"),
            route("/{name}", query),
        ],
        exception_handlers={HTTPException: http_problem},
    )
    app.router.redirect_slashes = False  # a path is ours or it is not
    return app


def _managed(service: Service) -> Endpoint:
    """What dashboards read of the managed part; 422 for what makes no sense."""

    async def managed(request: Request) -> Response:
        name, params = request.path_params["name"], request.query_params
        try:
            read = service.managed.read
            return as_json(await asyncio.to_thread(read, name, params))
        except UsageError as error:
            return problem(error, _UNPROCESSABLE)

    return managed


def _related(service: Service) -> Endpoint:
    """What managed stores know of a goal, for the end of a block."""

    async def related(request: Request) -> Response:
        text = await service.managed.related(request.query_params.get("goal", ""))
        return as_text({"text": text})

    return related


def _versions(service: Service) -> Endpoint:
    """The history of one memory, asked of the stores."""

    async def versions(request: Request) -> Response:
        status, told = await service.managed.versions(request.path_params["memory"])
        return as_json(told, status)

    return versions


def _done(service: Service) -> Endpoint:
    """What is done for a person or a harness; it takes as long as it takes."""

    async def done(request: Request) -> Response:
        name, body = request.path_params["name"], await request.body()
        return as_json(await service.managed.do(name, body))

    return done


def _posted(work: Callable[[bytes], Awaitable[Answer]]) -> Endpoint:
    """What a request's body is for."""

    async def post(request: Request) -> Response:
        return as_json(await work(await request.body()))

    return post
