"""The form Genesis was tuned on.

Each turn is `<|im_start|>{role}\\n{content}\\n<|im_end|>\\n`. Control tokens are
constants and everything between them is encoded as content, so no text can forge one.
"""

from collections.abc import Sequence

from converters.tokenization import GenesisTokenizer

from ....conversation import Message
from ....speaker import GENESIS
from .turns import TurnFormat


class GenesisFormat(TurnFormat):
    """Genesis's chats; see `ChatFormat`."""

    # A model's name is the person's choice; it was tuned on this one.
    speaker = GENESIS

    def __init__(self, tokenizer: GenesisTokenizer) -> None:
        super().__init__(tokenizer)
        self._tokenizer = tokenizer
        self.stop_ids = (tokenizer.im_end,)

    def encode_message(self, message: Message) -> list[int]:
        """One whole turn."""
        return [
            self._tokenizer.im_start,
            *self._tokenizer.encode(f"{message.role}\n{message.content}\n"),
            self._tokenizer.im_end,
            *self._tokenizer.encode("\n"),
        ]

    def reply_header(self) -> list[int]:
        """What stands before the model's reply."""
        return [self._tokenizer.im_start, *self._tokenizer.encode("assistant\n")]

    def reply_footer(self, reply: Sequence[int]) -> list[int]:
        """See `TurnFormat.reply_footer`."""
        newline = self._tokenizer.encode("\n")
        if reply and reply[-1] == self._tokenizer.im_end:
            return newline
        return [*newline, self._tokenizer.im_end, *newline]

    def encode_system(self, system: str) -> list[int]:
        """See `TurnFormat.encode_system`; without one its turn is left out."""
        return self.encode_message(Message("system", system)) if system else []

    def encode_turn(self, content: str) -> list[int]:
        """See `TurnFormat.encode_turn`."""
        return [*self.encode_message(Message("user", content)), *self.reply_header()]

    def encode_reply(self, text: str) -> list[int]:
        """See `TurnFormat.encode_reply`."""
        header = self.reply_header()
        ids = self.encode_message(Message("assistant", text))
        if ids[: len(header)] == header:
            return ids[len(header) :]
        # A line break that it begins with may become one token with the header's.
        said = self._tokenizer.encode(f"{text}\n")
        return [*said, self._tokenizer.im_end, *self._tokenizer.encode("\n")]
