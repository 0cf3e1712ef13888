"""Rotary positions: from a GGUF file's factors to a configuration's scaling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConversionError, shown
from .metadata import Metadata

# low and high frequency factor and context of every released Llama 3.
RELEASED = (1.0, 4.0, 8192)
# The factors are stored in float32.
TOLERANCE = 1e-5


def rope_scaling(
    metadata: Metadata,
    prefix: str,
    base: float,
    width: int,
    factors: NDArray[np.float32] | None,
) -> dict[str, Any] | None:
    """The scaling of positions as Hugging Face configurations write it.

    Args:
        metadata: the file's.
        prefix: its architecture, with which the keys begin.
        base: the base of the angles.
        width: a head's width.
        factors: what the file divides each of its `width / 2` frequencies by, which
            is how it stores Llama 3's scaling; None without.

    Raises `ConversionError` for a scaling that nothing here computes.
    """
    kind = metadata.text(f"{prefix}.rope.scaling.type", "none")
    factor = metadata.number(f"{prefix}.rope.scaling.factor", None)
    if factors is not None and not np.allclose(factors, 1, rtol=0, atol=TOLERANCE):
        if kind not in ("none", "linear") or (factor or 1.0) != 1.0:
            raise ConversionError(
                f"The model scales its positions in two ways, {shown(kind)} and by "
                "factors, which nothing here can run."
            )
        return _llama3(factors.astype(np.float64), base, width)
    if kind == "none" or (kind in ("linear", "yarn") and (factor or 1.0) == 1.0):
        return None
    if kind == "linear":
        return {"rope_type": "linear", "type": "linear", "factor": factor}
    if kind == "yarn":
        scaling = {
            "rope_type": "yarn",
            "type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": metadata.integer(
                f"{prefix}.rope.scaling.original_context_length"
            ),
        }
        for ours, theirs in (
            ("beta_fast", "yarn_beta_fast"),
            ("beta_slow", "yarn_beta_slow"),
        ):
            value = metadata.number(f"{prefix}.rope.scaling.{theirs}", None)
            if value is not None:
                scaling[ours] = value
        return scaling
    raise ConversionError(
        f"The model scales its positions by {shown(repr(kind))}, which nothing here "
        "can run."
    )


def llama3_factors(
    scaling: dict[str, Any], base: float, width: int
) -> NDArray[np.float64]:
    """What Llama 3's scaling divides each of `width / 2` frequencies by."""
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    factor = scaling["factor"]
    turns = scaling["original_max_position_embeddings"] / _wavelengths(base, width)
    smooth = (turns - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    return np.where(turns > high, 1.0, np.where(turns < low, factor, between))


def _wavelengths(base: float, width: int) -> NDArray[np.float64]:
    return np.asarray(2 * np.pi * base ** (np.arange(0, width, 2) / width))


def _llama3(factors: NDArray[np.float64], base: float, width: int) -> dict[str, Any]:
    """The three numbers of Llama 3's scaling that give these factors.

    Only their ratios matter, so the low one is 1. Between the ends the inverse of a
    factor is linear in the inverse of its wavelength, which gives the other two.
    """
    factor = float(factors.max())
    inner = (factors > 1 + TOLERANCE) & (factors < factor * (1 - TOLERANCE))
    tries = [RELEASED]
    if inner.sum() >= 2:
        share = (1 / factors[inner] - 1 / factor) / (1 - 1 / factor)
        slope, shift = np.polyfit(1 / _wavelengths(base, width)[inner], share, 1)
        if slope > 0 and shift < 0:
            high = 1 - 1 / shift
            tries.append((1.0, round(high, 6), round(slope * (high - 1))))
    for low, high, context in tries:
        scaling = {
            "rope_type": "llama3",
            "type": "llama3",
            "factor": round(factor, 6),
            "low_freq_factor": low,
            "high_freq_factor": high,
            "original_max_position_embeddings": context,
        }
        found = llama3_factors(scaling, base, width)
        if factors.shape == found.shape and np.allclose(
            found, factors, rtol=TOLERANCE, atol=0
        ):
            return scaling
    raise ConversionError(
        "The model scales its positions by factors that are not Llama 3's, which "
        "nothing here can run."
    )
