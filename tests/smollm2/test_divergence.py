"""How far int8 and int4 are from float32, in the real SmolLM2's own text."""

from pathlib import Path

import numpy as np
import pytest
import smollm2_goldens as goldens
from tolerances import KL_4_BIT, KL_SMOLLM2

from backends.genesis_cpu.decoder.loader import load_decoder
from genesis_chat.paths import compiled_directory


@pytest.mark.parametrize(
    ("dtype", "allowed"), [("int8", KL_SMOLLM2), ("int4", KL_4_BIT)]
)
def test_mean_divergence(dtype: str, allowed: float, smollm2: Path) -> None:
    compiled = compiled_directory()
    exact = load_decoder(smollm2, dtype="float32", compiled=compiled)
    near = load_decoder(smollm2, dtype=dtype, compiled=compiled)
    found = []
    for golden in goldens.read()["replies"]:
        ids = np.array([[*golden["prompt"], *golden["ids"]]])
        p, q = (model(ids)[0].astype(np.float64) for model in (exact, near))
        p, q = (x - np.logaddexp.reduce(x, axis=-1, keepdims=True) for x in (p, q))
        found.append((np.exp(p) * (p - q)).sum(-1))
    divergences = np.concatenate(found)
    assert len(divergences) > 900
    assert 0 < divergences.mean() <= allowed
