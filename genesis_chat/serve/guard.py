"""Who may ask, before anything of a request is read."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..completions import ApiError
from .answering import error_response

OPEN = ("/health",)
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True)
class Rules:
    """What a request must satisfy.

    `hosts` are the names this server goes by, with ports, in lower case; `origins` are
    those of web pages that may ask; `keys` are accepted, and none asks for one.
    """

    hosts: frozenset[str]
    origins: frozenset[str] = frozenset()
    keys: tuple[bytes, ...] = ()


class Guard:
    """Refuses what the rules do not allow, and lets nothing else of an app be seen."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin in self._rules.origins:
            send = _allowing(origin, send)
        try:
            self._check(scope, headers)
        except ApiError as error:
            await error_response(error, close=True)(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and origin is not None:
            await _preflight(send)
            return
        try:
            self._check_key(scope, headers)
        except ApiError as error:
            await error_response(error, close=True)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._rules.hosts:
            raise ApiError(
                403,
                "The Host header names another server; use one of: "
                f"{', '.join(sorted(self._rules.hosts))}.",
                code="host_not_allowed",
            )
        if any(each not in self._rules.origins for each in headers.getlist("origin")):
            raise ApiError(
                403,
                "Web pages may not use this server; start it with --allow-origin to "
                "let one.",
                code="origin_not_allowed",
            )

    def _check_key(self, scope: Scope, headers: Headers) -> None:
        if not self._rules.keys or scope["path"] in OPEN:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _is_one_of(given.strip(), self._rules.keys):
            return
        raise ApiError(
            401,
            "This server needs its key: send it as `Authorization: Bearer KEY`.",
            code="invalid_api_key",
        )


def _is_one_of(given: str, keys: Collection[bytes]) -> bool:
    """Compared with all of them, in a time that tells nothing of them."""
    data = given.encode("latin-1", "replace")
    return sum(hmac.compare_digest(data, key) for key in keys) > 0


def _allowing(origin: str, send: Send) -> Send:
    """Tell browsers that a page of this origin may read the answer."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers.add_vary_header("Origin")
        await send(message)

    return told


async def _preflight(send: Send) -> None:
    start: Message = {"type": "http.response.start", "status": 204, "headers": []}
    headers = MutableHeaders(scope=start)
    headers.update(PREFLIGHT_HEADERS)
    await send(start)
    await send({"type": "http.response.body", "body": b""})


ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?"
)


def is_origin(text: str) -> bool:
    """Whether a browser could send this text as an origin."""
    return ORIGIN.fullmatch(text) is not None
