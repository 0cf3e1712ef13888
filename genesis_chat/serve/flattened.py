"""Conversations with calls of tools as questions and replies, as the history has them.

Calls are said by the model, and their results by the user.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from ..engine import CallReader, Exchange, ModelFacts, Request, ToolCall


def flattened(request: Request) -> Request:
    """The conversation of a request without calls of tools."""
    exchanges: list[Exchange] = []
    for each in request.exchanges:
        asked = _unfolded(each, exchanges)
        exchanges.append(replace(each, content=asked, tool_uses=()))
    asked = _unfolded(request, exchanges)
    return replace(
        request, content=asked, exchanges=tuple(exchanges), tool_uses=(), tools=()
    )


def _unfolded(turn: Exchange | Request, before: list[Exchange]) -> str:
    """The last thing that the turn's reply is to; what came before it is added."""
    asked = turn.content
    for use in turn.tool_uses:
        before.append(Exchange(asked, _told(use.text, use.calls), (), use.thought))
        asked = "\n\n".join(each.text for each in use.results)
    return asked


def flattened_reply(model: ModelFacts, request: Request, text: str) -> str:
    """A reply as it stands in the conversation once a client has sent it back."""
    if not request.tools or model.calls is None:
        return text
    reader = CallReader(model.calls, request.tools)
    found = [*reader.push(text), *reader.finish(whole=True)]
    calls = [each for each in found if isinstance(each, ToolCall)]
    return _told("".join(each for each in found if isinstance(each, str)), calls)


def _told(text: str, calls: Iterable[ToolCall]) -> str:
    told = (
        json.dumps(
            {"name": each.name, "arguments": json.loads(each.arguments)},
            ensure_ascii=False,
        )
        for each in calls
    )
    return "\n".join(filter(None, (text, *told)))
