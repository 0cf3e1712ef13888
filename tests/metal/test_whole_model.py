"""The built-in model through emulated kernels and through MLX operations."""

import mlx.core as mx
import pytest
from emulation import needs_kernels, running
from tolerances import LOGITS, max_difference

from backends.genesis_mlx import Model
from backends.genesis_mlx.kernels import VARIABLE

pytestmark = needs_kernels
PROMPT = list(range(40, 111))
STEPS = 20


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
        assert {"genesis_gla_decode", "genesis_fox_decode"} <= {
            report.kernel for report in reports
        }
