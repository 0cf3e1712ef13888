"""The built-in model through emulated kernels and through MLX operations."""

import mlx.core as mx
import pytest
from configurations import random_ids
from emulation import needs_kernels, running
from tolerances import LOGITS, max_difference

from backends.genesis_mlx import Model
from backends.genesis_mlx.kernels import KERNELS, VARIABLE

pytestmark = needs_kernels
# In one text of several dozen the selective mask chooses between two values that
# rounding alone separates; in this one it does not.
PROMPT = random_ids(71, seed=0, vocab_size=2048)
STEPS = 20
ONLY_TTT = {"ttt_scan", "confidence_mix"}


def logits_of(model: Model, ttt: bool) -> tuple[list[mx.array], list[int]]:
    """Logits of the prompt and of tokens chosen greedily after it."""
    cache = model.make_cache(ttt=ttt)
    found = [model(mx.array([PROMPT]), cache)]
    ids = []
    for _ in range(STEPS):
        ids.append(int(found[-1][0, -1].argmax().item()))
        found.append(model(mx.array([ids[-1:]]), cache))
    mx.eval(found)
    return found, ids


@pytest.mark.parametrize("ttt", [False, True])
def test_logits_are_those_of_the_operations(
    model: Model, ttt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as reports:
        logits, ids = logits_of(model, ttt)
    monkeypatch.setenv(VARIABLE, "ops")
    expected, expected_ids = logits_of(model, ttt)
    assert ids == expected_ids
    for ours, theirs in zip(logits, expected, strict=True):
        assert max_difference(ours, theirs) <= LOGITS
    if reports:
        used = {report.kernel.removeprefix("genesis_") for report in reports}
        assert used == (KERNELS.keys() if ttt else KERNELS.keys() - ONLY_TTT)
