"""What the server answers, path by path."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..completions import (
    Answer,
    ApiError,
    Completion,
    Defaults,
    chat_completion,
    text_completion,
)
from ..errors import GenesisChatError
from .answering import LAST_EVENT, as_event, json_response
from .body import read_json
from .job import Begun, ClosingError, Ended, Job, Told
from .metrics import Metrics
from .models import served_names
from .runner import Runner

Parse = Callable[[object, Defaults], Completion]
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Endpoints:
    """Handlers of requests, for one runner."""

    def __init__(self, runner: Runner, metrics: Metrics, defaults: Defaults) -> None:
        self._runner, self._metrics, self._defaults = runner, metrics, defaults

    async def chat_completions(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        return await self._complete(request, chat_completion)

    async def completions(self, request: Request) -> Response:
        """`POST /v1/completions`."""
        return await self._complete(request, text_completion)

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`."""
        return json_response({"object": "list", "data": await self._models()})

    async def model(self, request: Request) -> Response:
        """`GET /v1/models/NAME`."""
        name = request.path_params["name"]
        for each in await self._models():
            if each["id"] == name:
                return json_response(each)
        raise _no_model(name)

    async def health(self, request: Request) -> Response:
        """`GET /health`."""
        runner = self._runner
        found = {
            "status": "ok" if runner.state == "ready" else runner.state,
            "model": runner.default_model,
            "running": runner.running,
            "waiting": runner.waiting,
            "seconds_to_first_token": self._metrics.waits,
        }
        if runner.state == "ready":
            return json_response(found)
        return json_response(found, 503, **{"Retry-After": "2"})

    async def metrics(self, request: Request) -> Response:
        """`GET /metrics`."""
        runner = self._runner
        ready = runner.state == "ready"
        text = self._metrics.text(runner.waiting, runner.running, ready)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _complete(self, request: Request, parse: Parse) -> Response:
        completion = parse(await read_json(request), self._defaults)
        await self._check_model(completion.model)
        job = self._runner.submit(completion)
        watch = asyncio.create_task(_watch(request, job))
        streams = False
        try:
            answer = Answer(completion, (await _begun(job)).model)
            if not completion.stream:
                return json_response(await _whole(job, answer))
            # What is refused is refused before anything of an answer is sent.
            first = await job.news()
            if isinstance(first, Ended) and first.error:
                raise _failed(first.error)
            streams = True
        finally:
            if not streams:
                watch.cancel()
                job.give_up()
        return StreamingResponse(
            _stream(job, answer, first, watch),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )

    async def _check_model(self, name: str | None) -> None:
        if name is None or name == self._runner.default_model:
            return
        if name not in await self._names():
            raise _no_model(name)

    async def _models(self) -> list[dict[str, Any]]:
        return [
            {"id": name, "object": "model", "created": 0, "owned_by": "genesis-chat"}
            for name in await self._names()
        ]

    async def _names(self) -> list[str]:
        return await run_in_threadpool(served_names, self._runner.default_model)


async def _watch(request: Request, job: Job) -> None:
    """Give up when the client goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    job.give_up()


async def _begun(job: Job) -> Begun:
    news = await job.news()
    if isinstance(news, Begun):
        return news
    assert isinstance(news, Ended)
    raise _failed(news.error or ClosingError())


async def _whole(job: Job, answer: Answer) -> dict[str, Any]:
    while True:
        news = await job.news()
        if isinstance(news, Told):
            answer.choices[news.index].take(news.event)
        elif isinstance(news, Ended):
            if news.error:
                raise _failed(news.error)
            return answer.whole()


async def _stream(
    job: Job, answer: Answer, news: Any, watch: asyncio.Task[None]
) -> AsyncGenerator[bytes]:
    try:
        while not isinstance(news, Ended):
            if isinstance(news, Told):
                for piece in answer.pieces(news.index, news.event):
                    yield as_event(piece)
            news = await job.news()
        if news.error:
            yield as_event(_failed(news.error).body)
            return
        if (last := answer.last_piece()) is not None:
            yield as_event(last)
        yield LAST_EVENT
    finally:
        job.give_up()
        watch.cancel()


def _failed(error: GenesisChatError) -> ApiError:
    if isinstance(error, ClosingError):
        return ApiError(503, str(error), code="server_closing", retry_after=2)
    return ApiError.of(error)


def _no_model(name: str) -> ApiError:
    return ApiError(
        404,
        f"There is no model {name[:80]!r} here; GET /v1/models lists them.",
        param="model",
        code="model_not_found",
    )
