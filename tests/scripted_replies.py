"""A model that says what it is told to, and checks what its states have read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from chat_models import write_folder

from converters import load_tokenizer
from converters.tokenization.hugging_face import HuggingFaceTokenizer
from genesis_chat.engine import (
    NO_CONTROLS,
    Controls,
    MixerReadings,
    ModelFacts,
    PromptProgress,
)
from genesis_chat.engine.events import FinishReason
from genesis_chat.engine.loader import Token
from genesis_chat.engine.prompt import ChatFormat, open_format
from genesis_chat.settings import GenerationSettings


@dataclass
class State:
    """Remembers all it has read."""

    read: list[int] = field(default_factory=list)
    nbytes: int = 1000

    @property
    def offset(self) -> int:
        return len(self.read)

    def copy(self) -> Self:
        return type(self)(list(self.read))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.read))


class Scripted(ModelFacts):
    """Replies with one script after the other; see `LoadedModel`.

    `prompts` are the prompts it was given, whole, and `anew` how much of each it had
    to read.
    """

    def __init__(self, folder: Path, template: str, *replies: str) -> None:
        super().__init__("mine", 2048, "float32", "CPU", "0" * 64)
        tokenizer = load_tokenizer(write_folder(folder, template=template))
        assert isinstance(tokenizer, HuggingFaceTokenizer)
        set_ = object.__setattr__
        set_(self, "tokenizer", tokenizer)
        set_(self, "format", open_format(tokenizer, "mine")())
        set_(self, "replies", list(replies))
        set_(self, "prompts", [])
        set_(self, "anew", [])

    tokenizer: HuggingFaceTokenizer
    format: ChatFormat
    replies: list[str]
    prompts: list[list[int]]
    anew: list[int]

    def new_state(self, switches: frozenset[str]) -> State:
        return State()

    def load_state(self, path: Path) -> State:
        return State(json.loads(path.read_text()))

    def generate(
        self,
        prompt: Sequence[int],
        state: State,
        history: Sequence[int],
        settings: GenerationSettings,
        readings: bool = False,
        pause_at: int | None = None,
        controls: Controls = NO_CONTROLS,
        wrap: object = None,
    ) -> Iterator[PromptProgress | Token | MixerReadings]:
        assert state.read == list(history)
        self.prompts.append([*history, *prompt])
        self.anew.append(len(prompt))
        step = 16
        ends = {*range(step, len(prompt), step), pause_at or len(prompt), len(prompt)}
        start = 0
        for end in sorted(ends):
            state.read += prompt[start:end]
            start = end
            yield PromptProgress(end, len(prompt))
        ids = self.tokenizer.encode_rendered(self.replies.pop(0))[: settings.max_tokens]
        for number, token in enumerate(ids, 1):
            reason: FinishReason | None
            reason = "stop" if token in self.format.stop_ids else None
            yield Token(
                token, -0.5, reason or ("length" if number == len(ids) else None)
            )
            if reason:
                return
            state.read.append(token)
