"""The built-in model through emulated kernels and through MLX operations."""

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from configurations import random_ids
from emulation import needs_kernels, running
from slow import slow
from tolerances import LOGITS, REOPENED, SPLIT, max_difference

from backends.contract import Drawn
from backends.genesis_mlx import CacheError, Model, load
from backends.genesis_mlx.language_model import LanguageModel
from backends.mlx_base.kernels import KERNELS, VARIABLE
from backends.sampling_settings import SamplingSettings

pytestmark = needs_kernels
# In one text of several dozen the selective mask chooses between two values that
# rounding alone separates; in this one it does not.
PROMPT = random_ids(71, seed=2, vocab_size=2048)
STEPS, SPLIT_AT = 20, 40
ONLY_TTT = {"ttt_scan", "confidence_mix"}
ONLY_DELTA = {"delta_scan"}
ONLY_LONG = {"fox_join"}
ONLY_DRAWN = {"nucleus"}


def without_mask(model: Model) -> Model:
    """The model, keeping all hidden values: see `LOGITS_MASKED`."""
    for block in model.blocks:
        block.ffn._keep = model.args.ffn_width
    return model


def logits_of(model: Model, ttt: bool) -> tuple[list[mx.array], list[int]]:
    """Logits of the prompt and of tokens chosen greedily after it."""
    cache = model.make_cache(ttt=ttt)
    parts = [mx.array([PROMPT[:SPLIT_AT]]), mx.array([PROMPT[SPLIT_AT:]])]
    found = [model(part, cache) for part in parts]
    ids = []
    for _ in range(STEPS):
        ids.append(int(np.asarray(found[-1][0, -1].argmax())))
        found.append(model(mx.array([ids[-1:]]), cache))
    mx.eval(found)
    return found, ids


@pytest.mark.parametrize("ttt", [slow(False), True])
def test_logits_are_those_of_the_operations(
    model: Model, builtin: Path, ttt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mx.metal.is_available():
        # The text was chosen for how a CPU rounds.
        model = without_mask(load(builtin, dtype="float32"))
    with running() as reports:
        logits, ids = logits_of(model, ttt)
    monkeypatch.setenv(VARIABLE, "ops")
    expected, expected_ids = logits_of(model, ttt)
    assert ids == expected_ids
    for ours, theirs in zip(logits, expected, strict=True):
        assert max_difference(ours, theirs) <= LOGITS
    if reports:
        used = {report.kernel.removeprefix("genesis_") for report in reports}
        unused = ONLY_DELTA | ONLY_LONG | ONLY_DRAWN | (set() if ttt else ONLY_TTT)
        assert used == KERNELS.keys() - unused


def test_delta_rule_is_that_of_the_operations(
    builtin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = without_mask(load(builtin, dtype="float32", delta_rule=True))
    with running() as reports:
        logits, ids = logits_of(model, False)
    monkeypatch.setenv(VARIABLE, "ops")
    expected, expected_ids = logits_of(model, False)
    assert ids == expected_ids
    for ours, theirs in zip(logits, expected, strict=True):
        assert max_difference(ours, theirs) <= LOGITS
    if reports:
        used = {report.kernel.removeprefix("genesis_") for report in reports}
        unused = ONLY_TTT | ONLY_LONG | ONLY_DRAWN | {"gla_chunks"}
        assert used == KERNELS.keys() - unused


@pytest.mark.slow
@pytest.mark.parametrize("saved", ["float32", "bfloat16"])
def test_a_state_of_another_dtype_goes_on(
    saved: str, model: Model, builtin: Path, tmp_path: Path
) -> None:
    with running():
        half = load(builtin, dtype="bfloat16")
        before, after = (model, half) if saved == "float32" else (half, model)
        cache = before.make_cache()
        before(mx.array([PROMPT[:9]]), cache)
        cache.save(tmp_path / "state")
        opened = after.load_cache(tmp_path / "state")
        logits = [after(mx.array([part]), opened) for part in ([5], [6, 7], [8])]
        mx.eval(logits)
    kinds = {name: array.dtype for name, array in opened.arrays().items()}
    own = after.make_cache()
    after(mx.array([[5]]), own)
    assert kinds == {name: array.dtype for name, array in own.arrays().items()}


def test_delta_rule_is_another_model(builtin: Path, tmp_path: Path) -> None:
    plain = without_mask(load(builtin, dtype="float32"))
    delta = without_mask(load(builtin, dtype="float32", delta_rule=True))
    ids = mx.array([PROMPT])
    cache = delta.make_cache()
    whole = delta(ids, cache)
    assert max_difference(whole, plain(ids)) > LOGITS
    # Its state is nothing to go on from without it.
    cache.save(tmp_path / "state")
    with pytest.raises(CacheError, match="with the delta rule"):
        plain.load_cache(tmp_path / "state")
    again = delta.load_cache(tmp_path / "state")
    after = delta(ids[:, :5], again)
    assert max_difference(after, delta(ids[:, :5], cache)) <= REOPENED
    parts = delta.make_cache()
    for token in range(ids.shape[1]):
        last = delta(ids[:, token : token + 1], parts)
    assert max_difference(last[:, -1], whole[:, -1]) <= SPLIT


@pytest.mark.parametrize("ttt", [slow(False), True])
def test_several_replies_in_one_step_are_those_of_the_operations(
    model: Model, ttt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with the released vocabulary.
    monkeypatch.setattr("backends.mlx_base.sampling.sorts_all", lambda *_: True)
    settings = SamplingSettings(
        temperature=1, top_k=0, seed=1, alternatives=model.args.vocab_size
    )

    def drawn() -> list[list[Drawn]]:
        language = LanguageModel(model)
        steppers = []
        for length in (65, 3):
            prompt = PROMPT[:length]
            state = language.new_state(["ttt"] if ttt else [])
            steppers.append(language.stepper(state, settings, prompt, False))
            steppers[-1].read(prompt)
        found = [[each.draw().result() for each in steppers]]
        for _ in range(2):
            steps = language.follow_together(steppers)
            found.append([step.result() for step in steps])
        return found

    with running() as reports:
        found = drawn()
    if reports:
        # Of each reply three tokens.
        assert [report.kernel for report in reports].count("genesis_nucleus") == 6
    monkeypatch.setenv(VARIABLE, "ops")
    for ours, theirs in zip(found, drawn(), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.token == other.token
            known = dict(other.alternatives)
            for token, likely in one.alternatives:
                assert abs(likely - known[token]) <= LOGITS
