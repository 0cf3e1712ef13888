"""The one door to the backends: opening models and running them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, Self

from converters import ConversionError, Tokenizer, load_tokenizer

from ..errors import ContextFullError, GenerationError, ModelError
from ..paths import compiled_directory
from ..settings import BackendName, GenerationSettings
from .backend import Backend, choose_backend, mlx_is_installed
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

    tokenizer: Tokenizer = field(kw_only=True)
    _model: Any = field(kw_only=True)
    _backend: Backend = field(kw_only=True)

    @property
    def facts(self) -> ModelFacts:
        """What is known of it, without the model itself."""
        known = {each.name: getattr(self, each.name) for each in fields(ModelFacts)}
        return ModelFacts(**known)

    def new_state(self, ttt: bool) -> State:
        """A state before the first token."""
        state: State = self._model.make_cache(ttt=ttt)
        return state

    def load_state(self, path: Path) -> State:
        """A state that `State.save` wrote. Raises `ModelError`."""
        from backends.errors import BackendError

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
        seed and `max_tokens`. Raises `ContextFullError` before anything is read,
        `GenerationError` when the model fails, `UsageError` for a setting out of range.
        """
        from backends.errors import BackendError, ContextError

        check(settings)
        assert settings.max_tokens is not None
        try:
            events = self._backend.module.generate_with_progress(
                self._model,
                prompt,
                cache=state,
                history=history,
                settings=sampling(settings),
                max_tokens=settings.max_tokens,
                stop_ids=(self.tokenizer.im_end,),
                readings=readings,
            )
        except ContextError as error:
            raise ContextFullError(str(error)) from error
        except BackendError as error:
            raise GenerationError(str(error)) from error
        return _translated(events)


def _translated(
    events: Iterator[Any],
) -> Iterator[PromptProgress | Token | MixerReadings]:
    from backends.events import Prefilled

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
    backend: BackendName = "auto",
    delta_rule: bool = False,
    preparing: Callable[[str], None] = lambda text: None,
) -> LoadedModel:
    """Load a converted model directory.

    With `delta_rule` gated linear attention follows the gated delta rule. `preparing`
    is told what is done that takes seconds and is not done again the next time.
    Raises `ModelError`, `UsageError`.
    """
    from backends.errors import BackendError

    chosen = choose_backend(backend, dtype)
    options: dict[str, Any] = {"delta_rule": delta_rule}
    warnings: list[str] = []
    if chosen.name == "cpu":
        options |= {"compiled": compiled_directory(), "preparing": preparing}
    else:
        options["report"] = warnings.append
    try:
        model = chosen.module.load(directory, dtype=dtype, **options)
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
        backend=chosen.name,
        why=chosen.why,
        warnings=tuple(warnings),
        _model=model,
        delta_rule=delta_rule,
        _backend=chosen,
    )


@dataclass(frozen=True)
class BackendFacts:
    """What models run on here: the backend, its library, the device, its dtype."""

    backend: str
    why: str
    library: str
    version: str
    device: str
    dtype: str


def backend_facts(
    backend: BackendName = "auto", dtype: str | None = None
) -> BackendFacts:
    """Look at the backend chosen for them, without a model. Raises `UsageError`."""
    from importlib.metadata import version

    chosen = choose_backend(backend, dtype)
    library = {"mlx": "mlx", "cpu": "numba"}[chosen.name]
    device, dtype = chosen.module.device_facts()
    return BackendFacts(
        chosen.name, chosen.why, library, version(library), device, dtype
    )


@dataclass(frozen=True)
class KernelFinding:
    """What a Metal kernel does here; `problem` is empty when it agrees."""

    name: str
    value: str
    problem: str


def kernel_findings() -> Iterator[KernelFinding]:
    """Run every Metal kernel against its definition, in the released shapes.

    Raises `ModelError` when GENESIS_CHAT_KERNELS cannot be followed.
    """
    if not mlx_is_installed():
        yield KernelFinding("used", "no, MLX is not installed", "")
        return
    from backends.genesis_mlx import BackendError, ModelArgs, check_kernels
    from backends.genesis_mlx.device import DTYPES, default_dtype, on_metal
    from backends.genesis_mlx.kernels import mode

    try:
        yield KernelFinding("chosen", mode(), "")
    except BackendError as error:
        raise ModelError(str(error)) from error
    if not on_metal():
        yield KernelFinding("used", "no, MLX operations run on the CPU", "")
        return
    for tried in check_kernels(ModelArgs.released(), DTYPES[default_dtype()]):
        times = (
            f"error {tried.error:.1e}, {tried.seconds * 1e6:.0f} us, "
            f"as operations {tried.operations_seconds * 1e6:.0f} us"
        )
        problem = tried.problem and f"{tried.problem}; operations take its place."
        yield KernelFinding(tried.kernel, times, problem)


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
    from backends.errors import BackendError
    from backends.model_files import read_args

    try:
        args = read_args(directory)
    except BackendError as error:
        raise ModelError(str(error)) from error
    layers: dict[str, int] = dict(Counter[str](args.layer_kinds))
    if args.use_ttt:
        layers["ttt"] = 1
    return Description(args.block_size, layers, args.to_config())
