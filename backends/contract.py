"""What a backend, a language model, its state and its steps are, in every family.

Importing this costs nothing: no library of a backend, and no NumPy.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Literal,
    NamedTuple,
    Protocol,
    Self,
    runtime_checkable,
)

from .sampling_settings import USUAL_SAMPLING, SamplingDefaults, SamplingSettings

if TYPE_CHECKING:
    from .events import Readings


@dataclass(frozen=True)
class Switch:
    """Something a model can do or leave; off unless asked for.

    `name` is what programs say, `label` what people read, `help` a sentence about it.
    Of `scope` "state" it is chosen for each new state, of "model" when the model is
    loaded.
    """

    name: str
    label: str
    scope: Literal["state", "model"]
    help: str


@dataclass(frozen=True)
class Features:
    """What a model's family can do besides generating.

    Attributes:
        can_copy: states can be copied, so that several replies go on from one.
        can_save: states can be written to a file and read from it.
        can_trim: states can forget the last tokens they have read.
        readings: steps can tell what the mixers did.
        together: several replies can be decoded in one step; see `FollowsTogether`.
        switches: what can be switched on.
    """

    can_copy: bool = True
    can_save: bool = True
    can_trim: bool = False
    readings: bool = False
    together: bool = False
    switches: tuple[Switch, ...] = ()

    def of_scope(
        self, scope: Literal["state", "model"], names: Collection[str]
    ) -> frozenset[str]:
        """Those of the names that are switches of this scope here."""
        known = {each.name for each in self.switches if each.scope == scope}
        return frozenset(names) & known


NO_FEATURES = Features()


class State(Protocol):
    """What a model remembers of one text."""

    @property
    def offset(self) -> int:
        """Tokens it has read."""

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""

    def copy(self) -> Self:
        """An independent state; only where `Features.can_copy`."""

    def save(self, path: Path) -> None:
        """Write a file, whole or not at all; only where `Features.can_save`.

        Raises `OSError`.
        """

    def trim(self, count: int) -> None:
        """Forget the last `count` tokens, at most `offset`; where `can_trim`."""


class Drawn(NamedTuple):
    """A drawn token, as it is known when everything has been computed.

    `log_probability` is what the model itself gives it, before any sampling setting;
    `finite` whether all logits were; `readings` are of the call that led to it.
    `alternatives` are the likeliest ids with theirs, the first one first, as many as
    the sampling settings ask for.
    """

    token: int
    log_probability: float
    finite: bool
    readings: "Readings | None" = None
    alternatives: tuple[tuple[int, float], ...] = ()


class Step(Protocol):
    """A token that has been drawn, but may still be being computed."""

    def result(self) -> Drawn:
        """It, once it is there."""


class Stepper(Protocol):
    """One reply being generated: reads its prompt, then draws token after token."""

    @property
    def runs_ahead(self) -> bool:
        """Whether `follow` may be called before the last token's `result`.

        Worth it where a device computes while this process does something else.
        """

    def read(self, ids: Sequence[int]) -> "Readings | None":
        """Read a part of the prompt, to the end; readings if they were asked for."""

    def draw(self) -> Step:
        """Draw the first token, once the prompt has been read."""

    def follow(self) -> Step:
        """Read the token that was drawn last, and draw the next."""


class LanguageModel(Protocol):
    """A model in memory."""

    @property
    def vocab_size(self) -> int:
        """Width of its logits; ids run from 0 up to it."""

    @property
    def context(self) -> int:
        """Most tokens a text can have."""

    @property
    def dtype(self) -> str:
        """What it computes in, such as `float32`."""

    @property
    def device(self) -> str:
        """Where it runs: `Metal` or `CPU`."""

    @property
    def nbytes(self) -> int:
        """Bytes of all weights in memory."""

    @property
    def features(self) -> Features:
        """What it can do besides generating."""

    @property
    def prefill_step(self) -> int:
        """Tokens to read in one call: as many as can be interrupted in a second."""

    def new_state(self, switches: Collection[str] = ()) -> State:
        """A state before the first token, with these switches of scope "state" on.

        Those it does not have are ignored.
        """

    def load_state(self, path: Path) -> State:
        """A state that `State.save` wrote for this model, with any backend.

        Raises `CacheError`.
        """

    def stepper(
        self,
        state: State,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> Stepper:
        """Steps that update a state, which this model has made.

        `seen` are all tokens of the text so far, for the repetition penalty and the
        draws. Raises `CacheError` for a state of another kind.
        """


@runtime_checkable
class FollowsTogether(Protocol):
    """A language model with `Features.together`."""

    def follow_together(self, steppers: Sequence[Stepper]) -> Sequence[Step]:
        """`Stepper.follow` of several replies of this model in one step.

        The weights are read once for all of them. None of them gives readings, and the
        last token of each is known. In float32 each reply is what it would be alone, up
        to rounding. Who is among them may change from step to step.
        """


@dataclass(frozen=True)
class DeviceFacts:
    """What models run on: the library, its version, the device, its usual dtype."""

    library: str
    version: str
    device: str
    dtype: str


@dataclass(frozen=True)
class Description:
    """A model's shape, read without loading it.

    `layers` counts blocks by kind, and `labels` are what people call some of the
    kinds; `flags` holds every configuration field. `sampling` is how its tokens are
    drawn unless something else is asked for; `warnings` are sentences about what of
    that cannot be followed.
    """

    context: int
    layers: dict[str, int]
    labels: dict[str, str]
    flags: dict[str, object]
    sampling: SamplingDefaults = USUAL_SAMPLING
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something a backend has tried out here; `problem` is empty when all is well."""

    name: str
    value: str
    problem: str = ""


class Backend(Protocol):
    """Loads the models of one family for one kind of device."""

    def device_facts(self) -> DeviceFacts:
        """What it runs on here."""

    def load(
        self,
        directory: Path,
        *,
        dtype: str | None = None,
        switches: Collection[str] = (),
        compiled: Path | None = None,
        preparing: Callable[[str], None] = lambda text: None,
        report: Callable[[str], None] = lambda text: None,
    ) -> LanguageModel:
        """Load a model's directory, ready to generate.

        Args:
            directory: holds `config.json` and the weights.
            dtype: what to compute in; None suits the device.
            switches: those of scope "model" that are on.
            compiled: where compiled code is kept between processes; None is nowhere.
            preparing: told what is done now and kept for the next time.
            report: told, in a sentence each, of what does not go as it should here
                and is made up for.

        Raises:
            ConfigError: the configuration is missing, damaged or cannot be run; the
                dtype or a switch is not one of this family's.
            WeightsError: the weights are missing, damaged or do not fit it.
        """
