"""An ordinary decoder in the loop that generates with every model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from configurations import random_ids
from mlx_decoders import VOCABULARY, configuration, logits, needs_mlx_lm, oracle, write
from tolerances import LOGITS

from backends.contract import LanguageModel
from backends.errors import CacheError, ConfigError, ContextError, NonFiniteLogitsError
from backends.events import FinishReason, Prefilled
from backends.generation import generate, generate_with_progress
from backends.genesis_cpu import Cache, ModelArgs
from backends.genesis_cpu.decoder.backend import backend, prefill_step
from backends.sampling_settings import SamplingSettings
from genesis_chat.paths import compiled_directory

pytestmark = needs_mlx_lm
PROMPT = random_ids(20, 1, VOCABULARY)
GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
CONTEXT = 64


@pytest.fixture(scope="module")
def reference() -> Any:
    return oracle(configuration("qwen3", max_position_embeddings=CONTEXT))


@pytest.fixture(scope="module")
def folder(reference: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = configuration("qwen3", max_position_embeddings=CONTEXT)
    return write(tmp_path_factory.mktemp("decoder"), config, reference)


@pytest.fixture(scope="module")
def model(folder: Path) -> LanguageModel:
    return backend.load(folder, dtype="float32", compiled=compiled_directory())


def test_it_tells_what_it_is(model: LanguageModel) -> None:
    assert (model.context, model.vocab_size) == (CONTEXT, VOCABULARY)
    assert (model.dtype, model.device) == ("float32", "CPU")
    assert model.nbytes > 0 and model.prefill_step == 512
    features = model.features
    assert features.can_copy and features.can_save and features.can_trim
    assert not features.readings and not features.switches
    assert backend.device_facts().dtype == "int8"


@pytest.mark.parametrize(
    ("billions", "tokens"), [(0.135, 512), (0.5, 140), (1.7, 41), (8.0, 32)]
)
def test_large_models_read_less_at_once(billions: float, tokens: int) -> None:
    """Between two parts a person can stop it."""
    assert prefill_step(int(billions * 1e9)) == tokens


def test_greedy_text_is_the_oracles(model: LanguageModel, reference: Any) -> None:
    """And so are the log-probabilities."""
    tokens = list(generate(model, PROMPT, settings=GREEDY, max_tokens=30))
    text = [*PROMPT, *(token.id for token in tokens)]
    expected = logits(reference, text[:-1])[len(PROMPT) - 1 :]
    assert [token.id for token in tokens] == expected.argmax(axis=1).tolist()
    highest = expected.max(axis=1)
    totals = np.log(np.exp(expected - highest[:, None]).sum(axis=1))
    found = [token.log_probability for token in tokens]
    assert np.abs(found + totals).max() <= LOGITS * np.abs(expected).max()


def test_a_reply_goes_on_however_it_was_split(
    model: LanguageModel, tmp_path: Path
) -> None:
    """Ten tokens, kept on the disk, taken back in part, and written again."""
    settings = SamplingSettings(seed=5)
    whole = [t.id for t in generate(model, PROMPT, settings=settings, max_tokens=20)]
    state, text = model.new_state(), list(PROMPT)
    tokens = generate(model, text, state, settings=settings, max_tokens=10)
    text += [token.id for token in tokens]
    state.save(tmp_path / "state")
    state = model.load_state(tmp_path / "state")
    state.trim(state.offset - 25)
    rest = generate(
        model, text[25:], state, history=text[:25], settings=settings, max_tokens=10
    )
    assert [*text[20:], *(token.id for token in rest)] == whole


def test_the_prompt_is_read_in_parts_and_the_context_ends(
    model: LanguageModel,
) -> None:
    events = list(
        generate_with_progress(
            model, PROMPT, settings=GREEDY, max_tokens=100, prefill_step=8
        )
    )
    read = [event.done for event in events if isinstance(event, Prefilled)]
    assert read == [8, 16, 20]
    assert len(events) == len(read) + CONTEXT - len(PROMPT)
    assert getattr(events[-1], "finish_reason", None) == FinishReason.CONTEXT
    with pytest.raises(ContextError):
        generate(model, PROMPT * 4, settings=GREEDY, max_tokens=1)


def test_what_is_not_its_own_is_refused(model: LanguageModel, folder: Path) -> None:
    with pytest.raises(CacheError, match="not one of the CPU backend"):
        other: Any = Cache.empty(ModelArgs.released(), False)
        generate(model, PROMPT, other, settings=GREEDY, max_tokens=1)
    with pytest.raises(ConfigError, match="'delta_rule'"):
        backend.load(folder, switches={"delta_rule"})
    with pytest.raises(ConfigError, match="'int3'"):
        backend.load(folder, dtype="int3")


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    config = configuration()
    broken = oracle(config)
    weight = broken.model.layers[2].mlp.up_proj.weight
    weight[3, 5] = np.nan
    write(tmp_path, config, broken)
    for dtype in ("float32", "int8"):
        model = backend.load(tmp_path, dtype=dtype, compiled=compiled_directory())
        with pytest.raises(NonFiniteLogitsError, match="not finite"):
            list(generate(model, PROMPT, settings=GREEDY, max_tokens=5))
