"""One figure for all prompts, and ratios of one measurement to another."""

import statistics
from collections.abc import Mapping
from typing import Any

KINDS = ("prefill", "decode")


def overall(found: Mapping[str, Any]) -> dict[str, float]:
    """Tokens per second of a measurement: the median over its prompts."""
    keys = [f"{kind}_tokens_per_second" for kind in KINDS]
    return {
        key: statistics.median(row[key]["median"] for row in found["prompts"])
        for key in keys
    }


def against(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """A peer's figures, with ours over theirs: medians over the prompts both read."""
    pairs = [
        {
            "prompt_tokens": row["prompt_tokens"],
            **{
                f"{kind}_ratio": row[f"{kind}_tokens_per_second"]["median"]
                / other[f"{kind}_tokens_per_second"]["median"]
                for kind in KINDS
            },
        }
        for row, other in zip(ours["prompts"], theirs["prompts"], strict=True)
    ]
    ratios = {
        f"{kind}_ratio": statistics.median(pair[f"{kind}_ratio"] for pair in pairs)
        for kind in KINDS
    }
    return {**theirs, **ratios, "ratios": pairs}
