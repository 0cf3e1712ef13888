"""The Python interface: load a model, ask it, stream from it."""

import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from typing import Self, Unpack

from .conversation import DEFAULT_SYSTEM_PROMPT, check_text
from .engine import (
    Engine,
    Event,
    Finished,
    LoadedModel,
    LocalEngine,
    ModelFacts,
    Reply,
    Session,
    Snapshots,
    Text,
    WorkerEngine,
    open_here_or_apart,
)
from .errors import ModelError
from .model_choice import ModelChoice, ModelOptions
from .models import BUILTIN, choose
from .settings import GenerationOptions, GenerationSettings


@dataclass(frozen=True)
class Genesis:
    """A loaded model. Use it from the thread that loaded it.

    Models of mlx-lm's families run in a process of their own, the `worker`: where
    one crashes, the reply ends with an error and the next one finds it started again.

    The keyword options of `ask`, `stream` and `reply` are the fields of
    `genesis_chat.settings.GenerationSettings`: `max_tokens`, `temperature`, `top_k`,
    `top_p`, `min_p`, `repetition_penalty`, `seed` and `ttt`.
    """

    model: ModelFacts
    worker: WorkerEngine | None = None

    @classmethod
    def load(
        cls,
        model: str | PathLike[str] | None = None,
        **options: Unpack[ModelOptions],
    ) -> Self:
        """See `load`; without its warnings, which are in `model.warnings`."""
        return cls.open(ModelChoice.of(model, options))

    @classmethod
    def open(
        cls,
        choice: ModelChoice,
        preparing: Callable[[str], None] = lambda text: None,
    ) -> Self:
        """See `load`; `preparing` is told of what takes seconds, the first time."""
        found = choose(choice.name, preparing)
        if found.problem:
            raise ModelError(found.problem)
        opened = open_here_or_apart(
            found.directory, found.name, found.sha256, choice, preparing
        )
        if isinstance(opened, WorkerEngine):
            return cls(opened.model, opened)
        return cls(opened)

    @property
    def is_builtin(self) -> bool:
        """Whether this is the small model that comes with the program."""
        return self.model.name == BUILTIN

    def session(self, system: str = DEFAULT_SYSTEM_PROMPT) -> Session:
        """A conversation of several turns. Raises `TypeError`."""
        check_text("system", system)
        return Session(self.engine(), system)

    def engine(self, snapshots: Snapshots | None = None) -> Engine:
        """What replies with this model; with `snapshots` its states are kept there."""
        if self.worker:
            self.worker.keep(snapshots)
            return self.worker
        assert isinstance(self.model, LoadedModel)
        return LocalEngine(self.model, snapshots)

    def close(self) -> None:
        """Let go of the processes that belong to the model."""
        if self.worker:
            self.worker.close()
        elif isinstance(self.model, LoadedModel):
            self.model.format.close()

    def stream(
        self,
        prompt: str,
        *,
        system: str = DEFAULT_SYSTEM_PROMPT,
        **options: Unpack[GenerationOptions],
    ) -> Generator[str]:
        """Yield the reply to one prompt, piece by piece, as it is generated.

        Raises `TypeError` at once for what is no text or no option, and
        `genesis_chat.errors.GenesisChatError` when the first piece is asked for.
        """
        events = self.session(system).reply(prompt, GenerationSettings(**options))
        return _pieces(events)

    def reply(
        self,
        prompt: str,
        *,
        system: str = DEFAULT_SYSTEM_PROMPT,
        **options: Unpack[GenerationOptions],
    ) -> Reply:
        """The reply to one prompt with its token ids and statistics.

        Raises `TypeError`, `genesis_chat.errors.GenesisChatError`.
        """
        settings = GenerationSettings(**options)
        for event in self.session(system).reply(prompt, settings):
            if isinstance(event, Finished):
                reply = event.reply
        return reply

    def ask(
        self,
        prompt: str,
        *,
        system: str = DEFAULT_SYSTEM_PROMPT,
        **options: Unpack[GenerationOptions],
    ) -> str:
        """The text of the reply to one prompt.

        Raises `TypeError`, `genesis_chat.errors.GenesisChatError`.
        """
        return self.reply(prompt, system=system, **options).text


def _pieces(events: Generator[Event]) -> Generator[str]:
    with closing(events):
        for event in events:
            if isinstance(event, Text):
                yield event.text


def load(
    model: str | PathLike[str] | None = None,
    **options: Unpack[ModelOptions],
) -> Genesis:
    """Load a model to ask.

    Args:
        model: an installed model's name, the path of a converted directory or of one
            in mlx-lm's format (a `Path`, or a `str` with a separator), or the id of a
            model in the Hub's cache, owner/name; None takes the default model, and
            the built-in one when none is installed.
        options: see `genesis_chat.model_choice.ModelOptions`: `dtype`, `backend`,
            `delta_rule` and `force`.

    What did not go as it should and was made up for, such as a Metal kernel that
    fails here, is a `UserWarning`.

    Raises:
        TypeError: the model is neither a name nor a path.
        genesis_chat.errors.GenesisChatError: the model is missing or damaged.
    """
    genesis = Genesis.load(model, **options)
    for warning in genesis.model.warnings:
        warnings.warn(warning, stacklevel=2)
    return genesis
