"""The one door to the backends: opening models and running them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from converters import ConversionError, Tokenizer, load_tokenizer

from ..errors import ContextFullError, GenerationError, ModelError
from ..settings import GenerationSettings
from .checking import check, sampling
from .events import FinishReason, MixerReadings, PromptProgress
from .protocol import ModelFacts


class State(Protocol):
    """What a model remembers of a conversation; `offset` counts its tokens."""

    offset: int

    @property
    def nbytes(self) -> int: ...
    def copy(self) -> Self: ...
    def save(self, path: Path) -> None: ...


@dataclass(frozen=True)
class Token:
    """A generated token and, with the last one, why it is the last."""

    id: int
    log_probability: float
    finish_reason: FinishReason | None


@dataclass(frozen=True)
class LoadedModel(ModelFacts):
    """A model in memory with its tokenizer."""

    tokenizer: Tokenizer
    _model: Any

    @property
    def facts(self) -> ModelFacts:
        """What is known of it, without the model itself."""
        return ModelFacts(self.name, self.context, self.dtype, self.device, self.sha256)

    def new_state(self, ttt: bool) -> State:
        """A state before the first token."""
        state: State = self._model.make_cache(ttt=ttt)
        return state

    def load_state(self, path: Path) -> State:
        """A state that `State.save` wrote. Raises `ModelError`."""
        from backends.genesis_mlx import BackendError

        try:
            state: State = self._model.load_cache(path)
        except (BackendError, RuntimeError) as error:
            raise ModelError(str(error)) from error
        return state

    def generate(
        self,
        prompt: Sequence[int],
        state: State,
        history: Sequence[int],
        settings: GenerationSettings,
        readings: bool = False,
    ) -> Iterator[PromptProgress | Token | MixerReadings]:
        """Read `prompt`, which `state` has not read, and yield what follows it.

        With `readings` each step's come before its token.

        `history` is what `state` has read; it is updated. The settings must have a
        seed. Raises `ContextFullError` before anything is read, `GenerationError`
        when the model fails, `UsageError` for a setting out of range.
        """
        from backends import genesis_mlx as backend

        check(settings)
        try:
            events = backend.generate_with_progress(
                self._model,
                prompt,
                cache=state,  # type: ignore[arg-type]  # made by new_state
                history=history,
                settings=sampling(settings),
                max_tokens=settings.max_tokens,
                stop_ids=(self.tokenizer.im_end,),
                readings=readings,
            )
        except backend.ContextError as error:
            raise ContextFullError(str(error)) from error
        except backend.BackendError as error:
            raise GenerationError(str(error)) from error
        return _translated(events)


def _translated(
    events: Iterator[Any],
) -> Iterator[PromptProgress | Token | MixerReadings]:
    from backends.genesis_mlx import Prefilled

    try:
        for event in events:
            if event.readings is not None:
                yield MixerReadings(**vars(event.readings))
            if isinstance(event, Prefilled):
                yield PromptProgress(event.done, event.total)
            else:
                reason = event.finish_reason
                yield Token(event.id, event.log_probability, reason and reason.value)
    except RuntimeError as error:
        # MLX raises it too, for example when the device is out of memory.
        raise GenerationError(str(error)) from error


def open_model(
    directory: Path,
    name: str | None = None,
    dtype: str | None = None,
    sha256: str | None = None,
) -> LoadedModel:
    """Load a converted model directory. Raises `ModelError`."""
    from backends.genesis_mlx import BackendError, load

    try:
        model = load(directory, dtype=dtype)  # type: ignore[arg-type]  # checked there
        tokenizer = load_tokenizer(directory)
    except (BackendError, ConversionError) as error:
        raise ModelError(str(error)) from error
    return LoadedModel(
        name=name or directory.name,
        tokenizer=tokenizer,
        context=model.args.block_size,
        dtype=model.dtype,
        device=model.device,
        sha256=sha256,
        _model=model,
    )


@dataclass(frozen=True)
class BackendFacts:
    """What models run on here: the library's version, the device, its dtype."""

    version: str
    device: str
    metal: bool
    dtype: str


def backend_facts() -> BackendFacts:
    """Look at the backend, without a model."""
    from importlib.metadata import version

    from backends.genesis_mlx.device import default_dtype, on_metal

    metal = on_metal()
    device = "Apple GPU" if metal else "CPU"
    return BackendFacts(version("mlx"), device, metal, default_dtype())


@dataclass(frozen=True)
class Description:
    """A model's shape, read without loading it.

    `layers` counts blocks by mixer; `flags` holds every configuration field.
    """

    context: int
    layers: dict[str, int]
    flags: dict[str, Any]


def describe(directory: Path) -> Description:
    """Read a converted model's configuration. Raises `ModelError`."""
    from backends.genesis_mlx import BackendError, read_args

    try:
        args = read_args(directory)
    except BackendError as error:
        raise ModelError(str(error)) from error
    layers: dict[str, int] = dict(Counter[str](args.layer_kinds))
    if args.use_ttt:
        layers["ttt"] = 1
    return Description(args.block_size, layers, args.to_config())
