"""The routes: thin, each one question to the service."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lokid.server.answers import answered, as_json, as_text, freshness, http_problem
from lokid.server.service import Service
from lokid.server.stream import Wish, lines_on, lines_until

_NDJSON = "application/x-ndjson"


def build_app(service: Service) -> Starlette:
    """The application over one service."""

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
        answer = await service.ask(name, request.query_params)
        if request.query_params.get("format") == "text" and "text" in answer:
            return as_text(answer)
        return as_json(answer)

    return Starlette(
        routes=[
            Route("/ping", answered(ping), methods=["GET"]),
            Route("/status", answered(status), methods=["GET"]),
            Route("/events", answered(events), methods=["GET"]),
            Route("/shutdown", answered(shutdown), methods=["POST"]),
            Route("/{name}", answered(query), methods=["GET"]),
        ],
        exception_handlers={HTTPException: http_problem},
    )
