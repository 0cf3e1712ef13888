"""What this server has replied, so that a client's next request is known again."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from ..engine import Exchange, Reply, Request

LIMIT_TOKENS = 1_000_000


class Replies:
    """The token ids of replies by the conversation that they end, the last ones.

    Clients send texts. A reply's text may be encoded in other tokens than it was
    generated as, and the state after it would fit no prompt. Only digests of
    conversations are kept beside the ids.
    """

    def __init__(self, limit: int = LIMIT_TOKENS) -> None:
        self._limit, self._tokens = limit, 0
        self._known: OrderedDict[bytes, tuple[tuple[int, ...], str]] = OrderedDict()

    def recognized(self, model: str, request: Request) -> Request:
        """The request with the ids of the replies in it that are known."""
        exchanges = []
        for key, said in digests(model, request.system, request.exchanges):
            if known := self._known.get(key):
                self._known.move_to_end(key)
                said = replace(said, token_ids=known[0], thought=known[1])
            exchanges.append(said)
        return replace(request, exchanges=tuple(exchanges))

    def remember(self, model: str, request: Request, reply: Reply) -> None:
        """Keep a reply that stands as it was generated."""
        cut = reply.finish_reason in ("cancelled", "error")
        # A stop text ends a reply in the middle of its tokens.
        stopped = reply.finish_reason == "stop" and request.controls.stop
        if cut or stopped or request.controls.raw or not reply.token_ids:
            return
        said = Exchange(request.content, reply.text, tool_uses=request.tool_uses)
        *_, (key, _) = digests(model, request.system, (*request.exchanges, said))
        self._tokens -= len(self._known.pop(key, ((), ""))[0])
        self._known[key] = reply.token_ids, reply.thought
        self._tokens += len(reply.token_ids)
        while self._tokens > self._limit:
            _, (ids, _) = self._known.popitem(last=False)
            self._tokens -= len(ids)


def digests(
    model: str, system: str, exchanges: tuple[Exchange, ...]
) -> Iterator[tuple[bytes, Exchange]]:
    """Each exchange with a digest of the conversation up to it."""
    digest = hashlib.sha256()
    for text in (model, system):
        digest.update(b"%d " % len(text) + text.encode())
    for said in exchanges:
        for text in (said.content, repr(said.tool_uses or ""), said.reply):
            digest.update(b"%d " % len(text) + text.encode())
        yield digest.digest(), said
