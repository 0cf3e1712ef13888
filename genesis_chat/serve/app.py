"""The application: routes, and what every answer has in common."""

import os
import traceback
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..completions import ApiError
from .answering import error_response
from .endpoints import Endpoints
from .guard import Guard, Rules
from .metrics import Metrics

PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/models", "/health", "/metrics")


def application(
    endpoints: Endpoints, rules: Rules, metrics: Metrics, report: Callable[[str], None]
) -> ASGIApp:
    """The ASGI application.

    Args:
        endpoints: what answers.
        rules: who may ask.
        metrics: told of every answer.
        report: told, in a sentence, of what should not have happened.
    """
    routes = [
        Route("/v1/chat/completions", endpoints.chat_completions, methods=["POST"]),
        Route("/v1/completions", endpoints.completions, methods=["POST"]),
        Route("/v1/models", endpoints.models),
        # Names of the Hub have a slash.
        Route("/v1/models/{name:path}", endpoints.model),
        Route("/health", endpoints.health),
        Route("/metrics", endpoints.metrics),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return error_response(error, close=error.status in (408, 413, 415))

    async def not_found(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        text = {404: "There is nothing at this path.", 405: "Use another method here."}
        message = text.get(error.status_code, "This request cannot be answered.")
        response = error_response(ApiError(error.status_code, message), close=True)
        response.headers.update(error.headers or {})
        return response

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=400)

    async def failed(request: Request, error: Exception) -> Response:
        if os.environ.get("GENESIS_CHAT_DEBUG"):
            traceback.print_exception(error)
        report(f"Unexpected {type(error).__name__} (GENESIS_CHAT_DEBUG=1 shows where).")
        return error_response(ApiError(500, "The server failed at this request."))

    app = Starlette(
        routes=routes,
        exception_handlers={
            ApiError: refused,
            HTTPException: not_found,
            ClientDisconnect: gone,
            Exception: failed,
        },
    )
    app.router.redirect_slashes = False
    return Counting(Guard(app, rules), metrics)


class Counting:
    """Tells the metrics how every request was answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = scope["path"] if scope["path"] in PATHS else "other"
                self._metrics.request(path, message["status"])
            await send(message)

        await self._app(scope, receive, counted)
