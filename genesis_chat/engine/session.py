"""A conversation in memory: turns in, events out."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from ..conversation import DEFAULT_SYSTEM_PROMPT, check_text
from ..settings import GenerationSettings
from .events import Event, Finished, Text, Thought
from .protocol import Engine, Exchange, Request


def _check_settings(settings: object) -> None:
    if not isinstance(settings, GenerationSettings):
        kind = type(settings).__name__
        raise TypeError(f"settings must be GenerationSettings, not {kind}.")


@dataclass
class Session:
    """A conversation that nobody keeps; every reply continues it.

    When it outgrows the context the oldest whole exchanges leave the prompt, enough
    at once to leave a quarter of the context free; the system prompt never does.
    An empty `system` leaves the system turn out.
    """

    engine: Engine
    system: str = DEFAULT_SYSTEM_PROMPT
    exchanges: list[Exchange] = field(default_factory=list)

    def reply(
        self,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generator[Event]:
        """Send a user's message and yield the events of the reply to it.

        The exchange belongs to the conversation once the reply has its first token,
        and until then nothing changes. Raises `TypeError` for what is no text or no
        settings, and what `Engine.reply` does.
        """
        check_text("prompt", content)
        _check_settings(settings)
        return self._reply(content, settings, cancelled)

    def _reply(
        self,
        content: str,
        settings: GenerationSettings,
        cancelled: Callable[[], bool],
    ) -> Generator[Event]:
        request = Request(content, settings, self.system, tuple(self.exchanges))
        text: list[str] = []
        thought: list[str] = []
        ids: tuple[int, ...] = ()
        try:
            with closing(self.engine.reply(request, cancelled)) as events:
                for event in events:
                    if isinstance(event, Text):
                        text.append(event.text)
                        ids += event.token_ids
                    elif isinstance(event, Thought):
                        thought.append(event.text)
                        ids += event.token_ids
                    elif isinstance(event, Finished):
                        ids = event.reply.token_ids
                    yield event
        finally:
            if ids:
                said = Exchange(content, "".join(text), ids, "".join(thought))
                self.exchanges.append(said)
