"""Ratios of one measurement to another."""

import statistics
from collections.abc import Mapping
from typing import Any


def against(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """A peer's figures, with ours over theirs: medians over the prompts both read."""
    pairs = [
        {
            "prompt_tokens": row["prompt_tokens"],
            **{
                f"{kind}_ratio": row[f"{kind}_tokens_per_second"]["median"]
                / other[f"{kind}_tokens_per_second"]["median"]
                for kind in ("prefill", "decode")
            },
        }
        for row, other in zip(ours["prompts"], theirs["prompts"], strict=True)
    ]
    overall = {
        key: statistics.median(pair[key] for pair in pairs)
        for key in ("prefill_ratio", "decode_ratio")
    }
    return {**theirs, **overall, "ratios": pairs}
