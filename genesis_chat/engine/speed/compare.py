"""Figures over all prompts, and ratios of one measurement to another."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

KINDS = ("prefill", "decode")


def overall(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of a measurement: its tokens per second, the median over its prompts, and
    `decode_growth`, what a token costs whatever came before it and what each 1,000
    tokens before it add; None with prompts of one length only.
    """
    keys = [f"{kind}_tokens_per_second" for kind in KINDS]
    speeds = {
        key: statistics.median(row[key]["median"] for row in found["prompts"])
        for key in keys
    }
    return {**speeds, "decode_growth": _growth(found["prompts"])}


def _growth(rows: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """The straight line through the milliseconds of a token."""
    lengths = [row["prompt_tokens"] / 1000 for row in rows]
    if len(set(lengths)) < 2:
        return None
    costs = [1000 / row["decode_tokens_per_second"]["median"] for row in rows]
    line = statistics.linear_regression(lengths, costs)
    return {
        "milliseconds": line.intercept,
        "milliseconds_per_1000_tokens": line.slope,
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
