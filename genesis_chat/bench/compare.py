"""Figures over all prompts, and ratios of one measurement to another."""

import statistics
from collections.abc import Mapping
from typing import Any

from backends.registry import entries_for

KINDS = ("prefill", "decode")


def comparable(
    dtype: str | None = None,
) -> tuple[list[tuple[str, str | None]], dict[str, str]]:
    """Backends worth comparing here, each with a dtype, the reference's first.

    With a dtype only those that compute in it; and what is missing of those that are
    not installed, by backend.
    """
    here: list[tuple[str, str | None]] = []
    missing: dict[str, str] = {}
    for entry in entries_for():
        if entry.is_installed:
            here += [
                (entry.name, each) for each in entry.compared if dtype in (None, each)
            ]
        elif entry.needs:
            missing[entry.name] = entry.needs[1]
    return here, missing


def overall(found: Mapping[str, Any]) -> dict[str, float]:
    """Of a measurement: its tokens per second, the median over its prompts."""
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
