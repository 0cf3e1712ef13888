"""The figures that are counted for a decoded token."""

from dataclasses import dataclass

from .roofline import milliseconds


@dataclass(frozen=True)
class Cost:
    """One decoded token in a batch of one.

    `bytes_per_token` are the different bytes it reads and writes: weights, state,
    keys and values, and what passes between dispatches, each once. `weight_bytes`
    are all weights, `key_value_bytes` the keys and values read. `nodes` counts
    dispatches by kind.
    """

    name: str
    dispatches_per_token: int
    bytes_per_token: int
    weight_bytes: int
    key_value_bytes: int
    nodes: dict[str, int]

    @property
    def milliseconds(self) -> dict[str, float]:
        """Least time per token by chip, from memory bandwidth alone."""
        return milliseconds(self.bytes_per_token)


@dataclass(frozen=True)
class PromptCost:
    """A prompt read at once: its tokens, dispatches and their different bytes, counted
    as for a token; `nodes` counts dispatches by kind."""

    tokens: int
    dispatches: int
    bytes: int
    nodes: dict[str, int]
