"""Conversations as the variables that a chat template is rendered with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....settings import ThinkingMode
from ...tool_use import ToolCall, ToolUse


@dataclass(frozen=True)
class Turn:
    """A question and its reply, as texts; the last turn of all has no reply.

    `thought` is what was thought before the reply, if anything, and `tool_uses` what
    came between; after them an empty reply is none.
    """

    question: str
    reply: str | None = None
    thought: str = ""
    tool_uses: tuple[ToolUse, ...] = ()


@dataclass(frozen=True)
class Form:
    """How a template wants its variables.

    `constants` are given to every rendering. With `listed` a content is a list of
    parts, as for models that see pictures. Without `system` there is no such role,
    and a system prompt stands at the head of the first question. `switch` is the
    variable that tells whether to think, if there is one. With `objects` the arguments
    of a call are an object, otherwise a text in JSON; with `silent` a message that
    calls tools and says nothing has no content.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False
    system: bool = True
    switch: str | None = None
    objects: bool = True
    silent: bool = False

    def variables(
        self,
        system: str,
        turns: Sequence[Turn],
        thinking: ThinkingMode = "auto",
        reply_follows: bool = True,
        tools: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The variables of a conversation; with `reply_follows` a reply is opened.

        `tools` and arguments of calls are in JSON.
        """
        messages: list[dict[str, Any]] = []
        if system and self.system:
            messages.append(self._message("system", system))
        for turn in turns:
            question = turn.question
            if system and not self.system and not messages:
                question = f"{system}\n\n{question}"
            messages.append(self._message("user", question))
            for use in turn.tool_uses:
                messages += self._tool_use(use)
            if turn.reply is not None and (turn.reply or not turn.tool_uses):
                messages.append(self._said(turn.reply, turn.thought))
        made = {
            **self.constants,
            "messages": messages,
            "add_generation_prompt": reply_follows,
        }
        if self.switch and thinking != "auto":
            made[self.switch] = thinking == "on"
        if tools:
            made["tools"] = [json.loads(each) for each in tools]
        return made

    def _said(self, text: str, thought: str) -> dict[str, Any]:
        message = self._message("assistant", text)
        if thought:
            # The names that templates know it by.
            message["reasoning_content"] = message["thinking"] = thought
        return message

    def _tool_use(self, use: ToolUse) -> list[dict[str, Any]]:
        message = self._said(use.text, use.thought)
        if self.silent and not use.text:
            message["content"] = None
        message["tool_calls"] = [self._call(each) for each in use.calls]
        results = [
            {
                **self._message("tool", each.text),
                "tool_call_id": each.id,
                "name": each.name,
            }
            for each in use.results
        ]
        return [message, *results]

    def _call(self, call: ToolCall) -> dict[str, Any]:
        arguments = call.arguments
        function = {
            "name": call.name,
            "arguments": json.loads(arguments) if self.objects else arguments,
        }
        return {"id": call.id, "type": "function", "function": function}

    def _message(self, role: str, content: str) -> dict[str, Any]:
        if self.listed:
            return {"role": role, "content": [{"type": "text", "text": content}]}
        return {"role": role, "content": content}
