"""A form for models that say nothing about theirs, such as those never tuned on chats.

    {system}

    User: {content}

    Assistant: {reply}

A blank line follows each reply. Nothing but the tokens before every text is a
control token.
"""

from collections.abc import Sequence

from converters.tokenization.hugging_face import HuggingFaceTokenizer

from ...protocol import Exchange
from .turns import TurnFormat

USER, ASSISTANT, END = "User: ", "Assistant:", "\n\n"


class PlainFormat(TurnFormat):
    """A conversation as a text for two voices; see `ChatFormat`.

    Args:
        tokenizer: the model's.
        reason: a sentence that says why it is used.
    """

    # The model goes on with both voices where nothing taught it to end.
    stop_texts = (f"\n{USER.rstrip()}",)

    def __init__(self, tokenizer: HuggingFaceTokenizer, reason: str) -> None:
        super().__init__(tokenizer)
        self._tokenizer = tokenizer
        self.stop_ids = tokenizer.stop_ids
        self.warnings = (reason,)

    def generated(self, exchange: Exchange) -> list[int]:
        """See `TurnFormat.generated`; what ended a reply does not belong to it."""
        ids = list(exchange.token_ids)
        text = self._tokenizer.decode(ids)
        return [] if any(stop in text for stop in self.stop_texts) else ids

    def encode_system(self, system: str) -> list[int]:
        """See `TurnFormat.encode_system`."""
        text = self._tokenizer.encode(system.strip() + END) if system.strip() else []
        return [*self._tokenizer.begin, *text]

    def encode_turn(self, content: str) -> list[int]:
        """See `TurnFormat.encode_turn`."""
        return self._tokenizer.encode(f"{USER}{content.strip()}{END}{ASSISTANT}")

    def encode_reply(self, text: str) -> list[int]:
        """See `TurnFormat.encode_reply`."""
        return self._tokenizer.encode(f" {text.strip()}{END}")

    def new_reply(self, text: str) -> list[int]:
        """See `TurnFormat.new_reply`; the blank line comes after what ends it."""
        if not self.stop_ids:
            return self.encode_reply(text)
        return [*self._tokenizer.encode(f" {text.strip()}"), self.stop_ids[0]]

    def reply_footer(self, reply: Sequence[int]) -> list[int]:
        """See `TurnFormat.reply_footer`."""
        return self._tokenizer.encode(END)
