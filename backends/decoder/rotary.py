"""Rotary positions (arXiv 2104.09864): how fast each pair of channels turns."""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, UnsupportedError
from .fields import Fields

Scaling = Literal["default", "linear", "llama3"]


@dataclass(frozen=True)
class Rotary:
    """The base of the frequencies and how they are scaled for longer contexts.

    `factor` is that of linear and llama3 scaling. The last three fields are
    llama3's: wavelengths beyond `original / low` tokens are scaled, those below
    `original / high` are not, and between them a mean is taken.
    """

    theta: float
    scaling: Scaling = "default"
    factor: float = 1.0
    low: float = 1.0
    high: float = 4.0
    original: int = 8192

    @classmethod
    def from_fields(cls, fields: Fields, default_theta: float | None) -> Self:
        """Read `rope_theta` and `rope_scaling`, or `rope_parameters` for both.

        Raises `UnsupportedError` for other kinds of scaling, `ConfigError` for
        fields that are wrong.
        """
        if fields.flag("rope_traditional", False):
            raise UnsupportedError(
                "rope_traditional=true is not supported by the CPU backend."
            )
        name = "rope_scaling" if fields.has("rope_scaling") else "rope_parameters"
        # transformers 5 has the base in there as well.
        inner = Fields(fields.mapping("rope_parameters"), "rope_parameters.")
        owner = inner if inner.has("rope_theta") else fields
        theta = owner.positive("rope_theta", default_theta)
        part = Fields(fields.mapping(name), f"{name}.")
        _refuse_partial(fields)
        _refuse_partial(part)
        kind = part.text("rope_type", part.text("type", "default"))
        match kind:
            case "default":
                return cls(theta)
            case "linear":
                return cls(theta, "linear", part.positive("factor"))
            case "llama3":
                low = part.positive("low_freq_factor", 1.0)
                high = part.positive("high_freq_factor", 4.0)
                if low >= high:
                    raise ConfigError(
                        f"{name}.low_freq_factor must be less than high_freq_factor."
                    )
                original = part.whole("original_max_position_embeddings", 8192)
                factor = part.positive("factor")
                return cls(theta, "llama3", factor, low, high, original)
        raise UnsupportedError(
            f"{name} of type {kind!r} is not supported by the CPU backend."
        )

    def frequencies(self, width: int) -> NDArray[np.float32]:
        """Radians per token [width / 2] of a head's pairs of channels."""
        exponents = np.arange(0, width, 2) / width
        frequencies = self.theta**-exponents
        if self.scaling == "linear":
            frequencies = frequencies / self.factor
        elif self.scaling == "llama3":
            turns = self.original * frequencies / (2 * math.pi)
            share = np.clip((turns - self.low) / (self.high - self.low), 0, 1)
            frequencies = frequencies * (share + (1 - share) / self.factor)
        return frequencies.astype(np.float32)


def _refuse_partial(fields: Fields) -> None:
    if fields.positive("partial_rotary_factor", 1.0) != 1:
        raise UnsupportedError(
            "A partial_rotary_factor other than 1 is not supported by the CPU backend."
        )
