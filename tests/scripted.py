"""A language model whose every token is written down, to drive the loop with."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from backends.contract import Drawn, Features, State
from backends.events import Readings
from backends.sampling_settings import SamplingSettings

VOCABULARY, CONTEXT = 50, 40
CAN_ALL = Features(can_trim=True, readings=True)


@dataclass
class ScriptedState:
    """The tokens it has read."""

    read: list[int] = field(default_factory=list)

    @property
    def offset(self) -> int:
        return len(self.read)

    @property
    def nbytes(self) -> int:
        return 8 * len(self.read)

    def copy(self) -> Self:
        return replace(self, read=list(self.read))

    def save(self, path: Path) -> None:
        path.write_text(" ".join(map(str, self.read)), encoding="utf-8")

    def trim(self, count: int) -> None:
        del self.read[len(self.read) - count :]


@dataclass(frozen=True)
class ScriptedStep:
    """A drawn token, and where its waiting is noted."""

    drawn: Drawn
    log: list[str]

    def result(self) -> Drawn:
        self.log.append(f"result {self.drawn.token}")
        return self.drawn


@dataclass
class ScriptedStepper:
    """Draws the script's tokens, one after the other; `log` tells what was done."""

    script: Sequence[int]
    state: ScriptedState
    runs_ahead: bool
    readings: bool
    broken_at: int | None
    log: list[str]
    drawn: int = 0

    def read(self, ids: Sequence[int]) -> Readings | None:
        self.log.append(f"read {len(ids)}")
        self.state.read += ids
        return self._reading()

    def draw(self) -> ScriptedStep:
        self.log.append("draw")
        return self._next(None)

    def follow(self) -> ScriptedStep:
        self.log.append(f"follow {self.script[self.drawn - 1]}")
        self.state.read.append(self.script[self.drawn - 1])
        return self._next(self._reading())

    def _next(self, readings: Readings | None) -> ScriptedStep:
        token, finite = self.script[self.drawn], self.drawn != self.broken_at
        self.drawn += 1
        return ScriptedStep(Drawn(token, -0.5, finite, readings), self.log)

    def _reading(self) -> Readings | None:
        """The number of tokens read so far stands for what mixers tell."""
        told = np.full((1, 1, 1), self.state.offset, np.float32)
        return Readings(told, told, told, None, None, None) if self.readings else None


@dataclass
class ScriptedModel:
    """Says its script, whatever it is asked."""

    script: Sequence[int] = tuple(range(10, 50))
    runs_ahead: bool = False
    broken_at: int | None = None
    features: Features = CAN_ALL
    log: list[str] = field(default_factory=list)
    seen: tuple[int, ...] = ()

    vocab_size, context, prefill_step = VOCABULARY, CONTEXT, 4
    dtype, device, nbytes = "float32", "CPU", 0

    def new_state(self, switches: Collection[str] = ()) -> ScriptedState:
        return ScriptedState()

    def load_state(self, path: Path) -> ScriptedState:
        return ScriptedState([int(i) for i in path.read_text(encoding="utf-8").split()])

    def stepper(
        self,
        state: State,
        settings: SamplingSettings,
        seen: Iterable[int],
        readings: bool,
    ) -> ScriptedStepper:
        assert isinstance(state, ScriptedState)
        self.seen = tuple(seen)
        return ScriptedStepper(
            self.script, state, self.runs_ahead, readings, self.broken_at, self.log
        )
