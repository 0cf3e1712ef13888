"""Models of mlx-lm's families: read, written, continued, copied, kept, taken back."""

import random
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from families import FAMILIES, RECURRENT, VOCABULARY
from tolerances import REOPENED, SPLIT, max_difference

from backends.generation import generate
from backends.mlx_family.language_model import LanguageModel
from backends.mlx_family.state import State
from backends.sampling_settings import SamplingSettings

Opened = Callable[[str], LanguageModel]
GREEDY = SamplingSettings(temperature=0.0, repetition_penalty=1.0, seed=1)
# Longer than the windows of those that have one.
PROMPT = [random.Random(3).randrange(VOCABULARY) for _ in range(41)]


def last_logits(model: LanguageModel, state: State, ids: list[int]) -> np.ndarray:
    """Logits after the last of the ids, which the state reads."""
    logits = model.network(mx.array([ids]), cache=state.caches)[0, -1]
    state.offset += len(ids)
    return np.array(logits.astype(mx.float32))


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_tokens_are_those_of_the_whole_forward_pass(
    opened: Opened, family: str
) -> None:
    model = opened(family)
    state = model.new_state()
    tokens = list(
        generate(model, PROMPT, state, settings=GREEDY, max_tokens=10, prefill_step=16)
    )
    assert [token.finish_reason for token in tokens[:-1]] == [None] * 9
    text = [*PROMPT, *(token.id for token in tokens)]
    whole = model.network(mx.array([text]))[0].astype(mx.float32)
    likely = np.array(whole - mx.logsumexp(whole, axis=-1, keepdims=True))
    for place, token in enumerate(tokens, len(PROMPT) - 1):
        best = float(likely[place].max())
        assert best - likely[place][token.id] <= SPLIT
        assert abs(token.log_probability - likely[place][token.id]) <= SPLIT
    assert state.offset == len(text) - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copy_goes_its_own_way(opened: Opened, family: str) -> None:
    model = opened(family)
    state = model.new_state()
    last_logits(model, state, PROMPT[:20])
    copied = state.copy()
    expected = last_logits(model, state.copy(), PROMPT[20:23])
    last_logits(model, state, PROMPT[30:40])
    assert copied.offset == 20
    found = last_logits(model, copied, PROMPT[20:23])
    assert max_difference(found, expected) == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_state_comes_back_from_the_disk(
    opened: Opened, family: str, tmp_path: Path
) -> None:
    model = opened(family)
    state = model.new_state()
    last_logits(model, state, PROMPT[:35])
    state.save(tmp_path / "state.safetensors")
    assert [each.name for each in tmp_path.iterdir()] == ["state.safetensors"]
    again = model.load_state(tmp_path / "state.safetensors")
    assert again.offset == 35
    expected = last_logits(model, state, PROMPT[35:])
    assert max_difference(last_logits(model, again, PROMPT[35:]), expected) <= REOPENED


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_taken_back_where_the_model_says_so(
    opened: Opened, family: str
) -> None:
    model = opened(family)
    state = model.new_state()
    last_logits(model, state, PROMPT[:20])
    expected = last_logits(model, state.copy(), PROMPT[20:23])
    last_logits(model, state, PROMPT[30:37])
    if model.features.can_trim:
        state.trim(7)
        assert state.offset == 20
        found = last_logits(model, state, PROMPT[20:23])
        assert max_difference(found, expected) <= SPLIT
    else:
        windows = {"gemma3_text", "exaone4", "gpt_oss"}
        assert family in {*RECURRENT, *windows}


def test_room_that_is_not_used_is_not_written(opened: Opened, tmp_path: Path) -> None:
    model = opened("llama")
    state = model.new_state()
    last_logits(model, state, PROMPT)
    state.save(tmp_path / "state.safetensors")
    assert (tmp_path / "state.safetensors").stat().st_size < state.nbytes / 3


def test_a_seed_gives_the_same_tokens_again(opened: Opened) -> None:
    model = opened("qwen3")
    settings = SamplingSettings(temperature=1.0, seed=11)
    runs = [
        [t.id for t in generate(model, PROMPT, settings=settings, max_tokens=20)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) > 1


def test_what_it_reads_is_its_own(opened: Opened, tmp_path: Path) -> None:
    from backends.errors import CacheError

    state = opened("qwen2").new_state()
    last_logits(opened("qwen2"), state, PROMPT)
    path = tmp_path / "state.safetensors"
    state.save(path)
    with pytest.raises(CacheError, match="another model"):
        opened("qwen3").load_state(path)
    with pytest.raises(CacheError, match="another model"):
        generate(opened("qwen3"), [1], state, settings=GREEDY, max_tokens=1)
    content = path.read_bytes()
    for cut in (0, 7, 100, len(content) // 2):
        path.write_bytes(content[:cut])
        with pytest.raises(CacheError, match=r"state\.safetensors"):
            opened("qwen2").load_state(path)
