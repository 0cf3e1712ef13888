"""The one door to the backends: opening models and running them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from backends import registry
from backends.config_file import read_model_type
from backends.contract import FollowsTogether as FollowsTogether
from backends.contract import LanguageModel as LanguageModel
from backends.contract import State as State
from backends.contract import Step as Step
from backends.contract import Stepper as Stepper
from backends.errors import BackendError, ContextError, UnsupportedError
from backends.registry import Choice
from converters import ConversionError, Tokenizer, load_tokenizer

from ..errors import ContextFullError, GenerationError, ModelError, UsageError
from ..model_choice import ANY_MODEL, ModelChoice
from ..paths import compiled_directory
from ..settings import GenerationSettings
from ..speaker import speaker_of
from .backend import choose_backend
from .checking import check, sampling
from .controls import NO_CONTROLS, Controls
from .events import FinishReason, MixerReadings, PromptProgress
from .memory import check_memory
from .prompt import ChatFormat, open_format
from .protocol import ModelFacts

if TYPE_CHECKING:
    from backends.events import GeneratedToken, Prefilled
    from backends.events import Readings as Readings


class OwnProcessNeededError(Exception):
    """A model of a family that may crash is not loaded beside anything else."""


@dataclass(frozen=True)
class Token:
    """A generated token and, with the last one, why it is the last."""

    id: int
    log_probability: float
    finish_reason: FinishReason | None
    alternatives: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class LoadedModel(ModelFacts):
    """A model in memory with its tokenizer and its chat format."""

    tokenizer: Tokenizer = field(kw_only=True)
    language_model: LanguageModel = field(kw_only=True)
    format: ChatFormat = field(kw_only=True)

    @property
    def facts(self) -> ModelFacts:
        """What is known of it, without the model itself."""
        known = {each.name: getattr(self, each.name) for each in fields(ModelFacts)}
        return ModelFacts(**known)

    def new_state(self, switches: Collection[str]) -> State:
        """A state before the first token, with these switches on."""
        return self.language_model.new_state(switches)

    def load_state(self, path: Path) -> State:
        """A state that `State.save` wrote. Raises `ModelError`."""
        try:
            return self.language_model.load_state(path)
        except RuntimeError as error:
            raise ModelError(str(error)) from error

    def generate(
        self,
        prompt: Sequence[int],
        state: State,
        history: Sequence[int],
        settings: GenerationSettings,
        readings: bool = False,
        pause_at: int | None = None,
        controls: Controls = NO_CONTROLS,
        wrap: Callable[[Stepper], Stepper] = lambda stepper: stepper,
    ) -> Iterator[PromptProgress | Token | MixerReadings]:
        """Read `prompt`, which `state` has not read, and yield what follows it.

        With `readings` each step's come before its token; with `pause_at` progress is
        told when `state` has read exactly so much of the prompt.

        `wrap` is given the reply's steps, and returns what is asked for them instead.
        `history` is what `state` has read; it is updated. The settings must be
        resolved and have a seed and `max_tokens`. Raises `ContextFullError` before
        anything is read, `GenerationError` when the model fails, `UsageError` for a
        setting out of range.
        """
        from backends.generation import generate_with_progress

        check(settings)
        assert settings.max_tokens is not None
        for token, _ in controls.logit_bias:
            if not 0 <= token < self.language_model.vocab_size:
                raise UsageError(
                    f"logit_bias names token {token}, which {self.name} does not "
                    "have; leave it out."
                )
        try:
            events = generate_with_progress(
                self.language_model,
                prompt,
                state,
                history=history,
                settings=sampling(settings, controls),
                max_tokens=settings.max_tokens,
                stop_ids=self.format.stop_ids,
                readings=readings,
                pause_at=pause_at,
                wrap=wrap,
            )
        except ContextError as error:
            raise ContextFullError(str(error)) from error
        except BackendError as error:
            raise GenerationError(str(error)) from error
        return _translated(events)


def _translated(
    events: "Iterator[Prefilled | GeneratedToken]",
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
                yield Token(
                    event.id,
                    event.log_probability,
                    reason.value if reason else None,
                    event.alternatives,
                )
    except RuntimeError as error:
        # MLX raises it too, for example when the device is out of memory.
        raise GenerationError(str(error)) from error


def open_model(
    directory: Path,
    name: str | None = None,
    sha256: str | None = None,
    choice: ModelChoice = ANY_MODEL,
    preparing: Callable[[str], None] = lambda text: None,
    own_process: bool = True,
) -> LoadedModel:
    """Load the directory of the model that was chosen.

    `choice` says how it is to run. `preparing` is told what is done that takes
    seconds and is not done again the next time. Raises `ModelError`, `UsageError`;
    `OwnProcessNeededError` for models that may crash, unless this is the model's
    `own_process`.
    """
    warnings: list[str] = []
    name = name or directory.name
    if not choice.force:
        check_memory(directory, name, choice.backend, choice.dtype)
    try:
        tokenizer = load_tokenizer(directory)
        opened = open_format(tokenizer, name)
        try:
            model, chosen = _load(
                directory, choice, preparing, warnings.append, own_process
            )
            about = registry.describe(directory)
        except Exception:
            # It may have a process of its own.
            opened().close()
            raise
    except (BackendError, ConversionError) as error:
        raise ModelError(str(error)) from error
    form = opened()
    return LoadedModel(
        name=name,
        tokenizer=tokenizer,
        format=form,
        context=model.context,
        dtype=model.dtype,
        device=model.device,
        sha256=sha256,
        backend=chosen.name,
        why=chosen.why,
        warnings=(*warnings, *form.warnings, *about.warnings),
        features=model.features,
        switches=choice.switches,
        language_model=model,
        speaker=form.speaker or speaker_of(name),
        thinks=form.thinking is not None,
        thinking_is_switched=bool(form.thinking and form.thinking.switch),
        sampling=about.sampling,
        calls=form.calls,
    )


def _load(
    directory: Path,
    choice: ModelChoice,
    preparing: Callable[[str], None],
    report: Callable[[str], None],
    own_process: bool,
) -> tuple[LanguageModel, Choice]:
    """The model on the backend for it, or on another that runs what that one does not.

    Raises `BackendError`, `ModelError`, `UsageError`, `OwnProcessNeededError`.
    """
    model_type = read_model_type(directory)
    chosen = choose_backend(choice.backend, choice.dtype, model_type)
    while True:
        if chosen.entry.own_process and not own_process:
            raise OwnProcessNeededError
        try:
            model = chosen.entry.backend().load(
                directory,
                dtype=choice.dtype,
                switches=choice.switches,
                compiled=compiled_directory(),
                preparing=preparing,
                report=report,
            )
            return model, chosen
        except UnsupportedError:
            other = registry.instead(chosen, model_type, choice.dtype)
            if choice.backend != "auto" or other is None:
                raise
            chosen = other
