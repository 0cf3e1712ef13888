"""What a training will take, before it begins: computed, not measured."""

from dataclasses import dataclass
from typing import Literal

from ...text import counted

FLOAT = 4
# What a training keeps of each weight beside it: a gradient and AdamW's two means.
TRAINED = 3 * FLOAT
# Numbers a block keeps of each token for its gradients, in widths of the model: the
# inputs of its norms, projections, mixer and feed-forward layer, and attention's scores
# of short texts. A small Llama and the built-in model took 33 to 49 of them by MLX's
# own count, 64 to 256 tokens at a time.
PER_BLOCK = 48
# Products of each weight with each token: forwards, and twice as much backwards.
PASSES = 3


@dataclass(frozen=True)
class Model:
    """What an estimate needs of a model; `weight_bytes` are those in memory."""

    parameters: int
    weight_bytes: int
    layers: int
    width: int
    vocabulary: int


@dataclass(frozen=True)
class Estimate:
    """Bytes of memory at most, tokens of all steps, and seconds at a given speed."""

    memory_bytes: int
    tokens: int
    seconds: float | None

    def __str__(self) -> str:
        memory = f"about {self.memory_bytes / 1e9:.1f} GB of memory"
        if self.seconds is None:
            return f"{counted(self.tokens, 'token')}, {memory}."
        minutes = max(1, round(self.seconds / 60))
        time = f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
        return f"{counted(self.tokens, 'token')}, about {time}, {memory}."


def estimate(
    model: Model,
    method: Literal["lora", "dora", "full", "ttt"],
    trained: int,
    step_tokens: int,
    steps: int,
    *,
    checkpointing: bool = False,
    tokens_per_second: float | None = None,
) -> Estimate:
    """Memory and time of a training.

    Args:
        model: what is trained.
        method: with adapters the model's own weights need no gradients.
        trained: parameters that are learnt.
        step_tokens: of the largest batch, padded.
        steps: how many there are.
        checkpointing: whether blocks are computed again instead of kept.
        tokens_per_second: measured, if it is known.
    """
    kept = trained * TRAINED + (trained * FLOAT if method != "full" else 0)
    block = step_tokens * model.width * PER_BLOCK * FLOAT
    blocks = block + step_tokens * model.width * FLOAT * model.layers
    if not checkpointing:
        blocks = block * model.layers
    logits = PASSES * step_tokens * model.vocabulary * FLOAT
    tokens = step_tokens * steps
    seconds = tokens / tokens_per_second if tokens_per_second else None
    return Estimate(model.weight_bytes + kept + blocks + logits, tokens, seconds)
