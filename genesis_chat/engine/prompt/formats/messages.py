"""Conversations as the variables that a chat template is rendered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....settings import ThinkingMode


@dataclass(frozen=True)
class Turn:
    """A question and its reply, as texts; the last turn of all has no reply.

    `thought` is what was thought before the reply, if anything.
    """

    question: str
    reply: str | None = None
    thought: str = ""


@dataclass(frozen=True)
class Form:
    """How a template wants its variables.

    `constants` are given to every rendering. With `listed` a content is a list of
    parts, as for models that see pictures. Without `system` there is no such role,
    and a system prompt stands at the head of the first question. `switch` is the
    variable that tells whether to think, if there is one.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False
    system: bool = True
    switch: str | None = None

    def variables(
        self,
        system: str,
        turns: Sequence[Turn],
        thinking: ThinkingMode = "auto",
        reply_follows: bool = True,
    ) -> dict[str, Any]:
        """The variables of a conversation; with `reply_follows` a reply is opened."""
        messages: list[dict[str, Any]] = []
        if system and self.system:
            messages.append(self._message("system", system))
        for turn in turns:
            question = turn.question
            if system and not self.system and not messages:
                question = f"{system}\n\n{question}"
            messages.append(self._message("user", question))
            if turn.reply is not None:
                message = self._message("assistant", turn.reply)
                if turn.thought:
                    # The names that templates know it by.
                    message["reasoning_content"] = turn.thought
                    message["thinking"] = turn.thought
                messages.append(message)
        made = {
            **self.constants,
            "messages": messages,
            "add_generation_prompt": reply_follows,
        }
        if self.switch and thinking != "auto":
            made[self.switch] = thinking == "on"
        return made

    def _message(self, role: str, content: str) -> dict[str, Any]:
        if self.listed:
            return {"role": role, "content": [{"type": "text", "text": content}]}
        return {"role": role, "content": content}
