"""How replies are generated."""

import secrets
from dataclasses import dataclass, fields, replace
from typing import (
    Literal,
    Self,
    TypedDict,
    get_args,
)

from backends.registry import BACKENDS as BACKENDS
from backends.registry import COMPUTE_DTYPES as COMPUTE_DTYPES
from backends.registry import BackendName as BackendName
from backends.registry import ComputeDtype as ComputeDtype
from backends.registry import Switch as Switch
from backends.registry import switches
from backends.sampling_settings import LARGEST_WHOLE as LARGEST_WHOLE
from backends.sampling_settings import USUAL_SAMPLING as USUAL_SAMPLING
from backends.sampling_settings import SamplingDefaults as SamplingDefaults
from backends.sampling_settings import fits as fits

# What weights are stored in.
Dtype = Literal["float32", "float16", "bfloat16"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)


# What models may have switched on: for each reply, and when they are loaded.
REPLY_SWITCHES, MODEL_SWITCHES = switches("state"), switches("model")

LARGEST_SEED = LARGEST_WHOLE
AUTO = "auto"
# The settings for which a model has defaults of its own.
SAMPLING = tuple(each.name for each in fields(SamplingDefaults))

# Whether a model thinks before it answers, where its chat template can be told;
# "auto" leaves it to the template.
ThinkingMode = Literal["auto", "on", "off"]
THINKING_MODES: tuple[ThinkingMode, ...] = get_args(ThinkingMode)


class GenerationOptions(TypedDict, total=False):
    """Keyword options of the Python interface; see `GenerationSettings`."""

    max_tokens: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float | None
    seed: int | None
    ttt: bool
    thinking: ThinkingMode


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of one reply.

    `max_tokens` bounds the reply: None, written "auto", is what fits, a quarter of the
    model's context and at least 512 tokens where there is room. `temperature` 0 takes
    the most likely token. `top_k` 0, `top_p` 1, `min_p` 0 and `repetition_penalty` 1
    switch a step off. None, written "auto", is what the model declares for each of
    the five: for Genesis the reference's command line, for others what their
    `generation_config.json` states.
    `seed` None draws a new one for each reply; it is 0 to 2^63 - 1. `ttt` adapts the
    model while it reads (test-time training), which the reference leaves out when it
    generates.
    `thinking` lets a model think before it answers, or not, where it can be told.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    ttt: bool = False
    thinking: ThinkingMode = "auto"

    @property
    def switches(self) -> frozenset[str]:
        """What is on; a model has some of them as switches of its state."""
        on = {each.name for each in fields(self) if getattr(self, each.name) is True}
        return frozenset(on)

    def seeded(self) -> Self:
        """These settings with a seed, drawn now if none was given."""
        if self.seed is not None:
            return self
        return replace(self, seed=secrets.randbelow(2**32))

    def resolved(self, defaults: SamplingDefaults) -> Self:
        """These settings with a model's own where they are "auto"."""
        values = {
            name: getattr(defaults, name)
            for name in SAMPLING
            if getattr(self, name) is None
        }
        return replace(self, **values)


def is_seed(value: object) -> bool:
    """Whether a value can be a seed."""
    return type(value) is int and 0 <= value <= LARGEST_SEED
