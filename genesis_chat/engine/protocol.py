"""What an engine is asked and what it tells: the same for every carrier."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from backends.contract import NO_FEATURES, Features
from backends.sampling_settings import USUAL_SAMPLING, SamplingDefaults

from ..settings import GenerationSettings
from .controls import NO_CONTROLS, Controls
from .events import Context, Event
from .tool_use import CallForm, ToolUse


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a loaded model.

    `context` is in tokens; `device` is "Metal" or "CPU"; `dtype` is what it computes
    in; `sha256` is of its weights file, if the manifest tells; `backend` is "mlx" or
    "cpu", and `why` says in a few words what chose it. `warnings` are sentences about
    what did not go as it should and was made up for, such as a kernel that fails.
    `features` are what it can do besides replying, `switches` those it was loaded
    with. `speaker` is what to call it where it speaks. With `thinks` its
    replies may begin with a thought, and with `thinking_is_switched` the setting
    `thinking` reaches it. `sampling` is how it draws where the settings say "auto".
    `calls` is how it writes calls of tools; None where it was not taught any.
    """

    name: str
    context: int
    dtype: str
    device: str
    sha256: str | None
    backend: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()
    features: Features = NO_FEATURES
    switches: frozenset[str] = frozenset()
    speaker: str = ""
    thinks: bool = False
    thinking_is_switched: bool = False
    sampling: SamplingDefaults = USUAL_SAMPLING
    calls: CallForm | None = None


@dataclass(frozen=True)
class Exchange:
    """A user's message and the reply to it.

    `token_ids` are what the reply was generated as by this very model, its `thought`
    included; empty when another one wrote it, or a person. `thought` is what it
    thought before. `tool_uses` came between the two; after them the reply may be
    empty, and is then none.
    """

    content: str
    reply: str
    token_ids: tuple[int, ...] = ()
    thought: str = ""
    tool_uses: tuple[ToolUse, ...] = ()


@dataclass(frozen=True)
class Request:
    """A conversation, and the message to reply to.

    An empty `system` leaves the system turn out. `begun` are the tokens of a reply
    that stopped before its end and is to go on. With `readings` the mixers report
    what they do with each token. Without `snapshot` no state of it goes to the disk.
    """

    content: str
    settings: GenerationSettings
    system: str = ""
    exchanges: tuple[Exchange, ...] = ()
    begun: tuple[int, ...] = ()
    readings: bool = False
    snapshot: bool = True
    controls: Controls = NO_CONTROLS
    tools: tuple[str, ...] = ()
    tool_uses: tuple[ToolUse, ...] = ()

    @property
    def used_tools(self) -> bool:
        """Whether tools were called in this conversation."""
        return any(each.tool_uses for each in self.exchanges) or bool(self.tool_uses)


class Engine(Protocol):
    """A model that replies to conversations, wherever it runs. For one thread."""

    @property
    def model(self) -> ModelFacts:
        """The loaded model. Raises `ModelError` when it cannot be loaded."""

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        """Yield the events of the reply to a request; `Finished` is the last one.

        `cancelled` is asked all the time, in the caller's thread; the reply then ends
        as it stands. Closing the iterator cancels as well.

        Raises:
            ContextFullError: the message cannot fit.
            GenerationError: the model failed; the text so far was yielded, and a
                `Finished` with reason "error" came before this.
            ModelError: the model cannot be loaded, or its chat template fails.
            UsageError: a setting is out of range.
        """

    def context(self, request: Request) -> Context:
        """How full the context is with the exchanges of a request.

        Its content and what it has begun do not count. Raises `ModelError`.
        """

    def close(self) -> None:
        """Let go of the model."""
