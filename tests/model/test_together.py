"""Several replies in one step of MLX's model: its kinds of states, and what is kept."""

import gc
from collections.abc import Sequence
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from builtin_model import PROMPTS, ids_of
from checkpoints import checkpoint_tensors
from configurations import SEEDS, configuration, random_ids
from running import build
from tolerances import SPLIT, max_difference

from backends.contract import Step
from backends.genesis_mlx import Model, load
from backends.genesis_mlx.cache import Cache
from backends.genesis_mlx.language_model import LanguageModel
from backends.genesis_mlx.stepper import Stepper
from backends.sampling_settings import SamplingSettings

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)


def begun(
    model: LanguageModel, prompts: Sequence[list[int]], *switches: str
) -> list[Stepper]:
    """Replies whose first tokens are known."""
    steppers = []
    for prompt in prompts:
        steppers.append(
            model.stepper(model.new_state(switches), GREEDY, prompt, readings=False)
        )
        steppers[-1].read(prompt)
        steppers[-1].draw().result()
    return steppers


def tokens(steps: Sequence[Step]) -> list[int]:
    return [step.result().token for step in steps]


def next_logits(model: Model, stepper: Stepper) -> np.ndarray:
    """Logits of the token after the last one drawn, by the state it has now."""
    assert stepper.token is not None
    return np.asarray(model(stepper.token, stepper.cache.copy()))


@pytest.mark.parametrize(
    "name",
    [
        *("released-ratios", "gated-attention", "plain-fox", "no-short-convolution"),
        *("softmax-queries", "plain-gate", "untied-head", "only-attention"),
    ],
)
def test_every_kind_of_state(name: str, tmp_path: Path) -> None:
    config = configuration(name)
    tensors = checkpoint_tensors(config, seed=SEEDS[name])
    network = build(config, tensors, tmp_path)
    model = LanguageModel(network)
    prompts = [random_ids(length, seed=length) for length in (65, 1, 63)]
    alone, several = begun(model, prompts), begun(model, prompts)
    for _ in range(3):
        expected = tokens([each.follow() for each in alone])
        assert tokens(model.follow_together(several)) == expected
    for ours, theirs in zip(several, alone, strict=True):
        difference = max_difference(
            next_logits(network, ours), next_logits(network, theirs)
        )
        assert difference <= SPLIT


def test_the_delta_rule(model_folder: Path, model: Model) -> None:
    network = load(model_folder / "model", dtype="float32", delta_rule=True)
    several = LanguageModel(network)
    prompts = [random_ids(length, seed=length) for length in (20, 7)]
    alone, joined = begun(several, prompts), begun(several, prompts)
    for _ in range(3):
        expected = tokens([each.follow() for each in alone])
        assert tokens(several.follow_together(joined)) == expected


@pytest.fixture(scope="module")
def builtin(converted_once: Path) -> LanguageModel:
    return LanguageModel(load(converted_once, dtype="float32"))


@pytest.mark.parametrize("switches", [(), ("ttt",)])
def test_the_builtin_model(builtin: LanguageModel, switches: tuple[str, ...]) -> None:
    prompts = [ids_of(prompt) for prompt in PROMPTS[:5]]
    alone = begun(builtin, prompts, *switches)
    several = begun(builtin, prompts, *switches)
    for _ in range(12):
        expected = tokens([each.follow() for each in alone])
        assert tokens(builtin.follow_together(several)) == expected


def test_a_single_one_is_bit_for_bit_what_it_is_alone(builtin: LanguageModel) -> None:
    (alone,), (several,) = (begun(builtin, [ids_of(PROMPTS[0])]) for _ in range(2))
    for _ in range(5):
        (step,) = builtin.follow_together([several])
        assert step.result() == alone.follow().result()
    for name, array in alone.cache.arrays().items():
        assert mx.array_equal(several.cache.arrays()[name], array), name


def test_an_exception_leaves_all_states_as_they_were(
    builtin: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [ids_of(prompt) for prompt in PROMPTS[:3]]
    several, alone = begun(builtin, prompts), begun(builtin, prompts)
    tokens(builtin.follow_together(several))
    before = [each.cache.arrays() for each in several]
    calls: list[object] = []

    def broken(self: Model, x: mx.array) -> mx.array:
        calls.append(x)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Model, "logits", broken)
        with pytest.raises(KeyboardInterrupt):
            builtin.follow_together(several)
    assert calls
    for arrays, stepper in zip(before, several, strict=True):
        for name, array in stepper.cache.arrays().items():
            assert mx.array_equal(array, arrays[name]), name
    expected = [tokens([each.follow() for each in alone]) for _ in range(2)][1]
    assert tokens(builtin.follow_together(several)) == expected


def test_who_has_left_does_not_keep_the_others_in_memory(
    builtin: LanguageModel,
) -> None:
    prompts = [ids_of(prompt) for prompt in PROMPTS[:8]]
    several = begun(builtin, prompts)
    for _ in range(2):
        tokens(builtin.follow_together(several))
    # As the engine does: the state stays, the reply's steps are gone.
    kept: list[Cache] = [several.pop().cache]
    tokens(builtin.follow_together(several[:2]))
    mx.eval(kept[0].held())
    several.clear()
    tokens(builtin.follow_together(begun(builtin, prompts[:2])))
    gc.collect()
    size, before = kept[0].nbytes, mx.get_active_memory()
    kept.clear()
    gc.collect()
    assert 0 < before - mx.get_active_memory() <= 1.2 * size


def test_a_state_that_is_gone_is_not_kept(builtin: LanguageModel) -> None:
    prompts = [ids_of(prompt) for prompt in PROMPTS[:3]]
    several = begun(builtin, prompts)
    tokens(builtin.follow_together(several))
    del several[0]
    gc.collect()
    expected = begun(builtin, prompts[1:])
    for _ in range(2):
        found = tokens([each.follow() for each in expected])
    assert tokens(builtin.follow_together(several)) == found
