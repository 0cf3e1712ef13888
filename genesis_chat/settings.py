"""How replies are generated."""

import secrets
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, TypedDict, get_args

from .errors import UsageError

# What weights are stored in, and what a model computes in.
Dtype = Literal["float32", "float16", "bfloat16"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
ComputeDtype = Literal["float32", "float16", "bfloat16", "int8"]
COMPUTE_DTYPES: tuple[ComputeDtype, ...] = get_args(ComputeDtype)
BackendName = Literal["auto", "mlx", "cpu"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)


class GenerationOptions(TypedDict, total=False):
    """Keyword options of the Python interface; see `GenerationSettings`."""

    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    seed: int | None
    ttt: bool


@dataclass(frozen=True)
class GenerationSettings:
    """Settings of one reply; the defaults are the reference's command line.

    `max_tokens` bounds the reply. `temperature` 0 takes the most likely token.
    `top_k` 0, `top_p` 1, `min_p` 0 and `repetition_penalty` 1 switch a step off.
    `seed` None draws a new one for each reply. `ttt` adapts the model while it
    reads (test-time training), which the reference leaves out when it generates.
    """

    max_tokens: int = 150
    temperature: float = 0.7
    top_k: int = 50
    top_p: float = 0.9
    min_p: float = 0.0
    repetition_penalty: float = 1.05
    seed: int | None = None
    ttt: bool = False

    def seeded(self) -> Self:
        """These settings with a seed, drawn now if none was given."""
        if self.seed is not None:
            return self
        return replace(self, seed=secrets.randbelow(2**32))


def parse_setting(name: str, text: str) -> Any:
    """A setting's value from text. Raises `UsageError`."""
    kind = next((f.type for f in fields(GenerationSettings) if f.name == name), None)
    text = text.strip()
    if kind is None:
        names = ", ".join(f.name for f in fields(GenerationSettings))
        raise UsageError(f"There is no setting {name!r}; there are: {names}.")
    if kind is bool:
        words = {"on": True, "true": True, "yes": True, "off": False, "false": False}
        if text.lower() not in {**words, "no": False}:
            raise UsageError(f"{name} is on or off, not {text!r}.")
        return {**words, "no": False}[text.lower()]
    if name == "seed" and text in ("", "none"):
        return None
    try:
        return float(text) if kind is float else int(text)
    except ValueError:
        what = "a number" if kind is float else "a whole number"
        raise UsageError(f"{name} must be {what}, not {text!r}.") from None
