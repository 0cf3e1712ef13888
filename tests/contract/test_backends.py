"""Every backend keeps the contract, each tried on the same model."""

from pathlib import Path
from typing import Any

import pytest
from configurations import random_ids
from scripted import ScriptedState

from backends.contract import LanguageModel
from backends.errors import CacheError, ConfigError
from backends.events import GeneratedToken, Prefilled
from backends.generation import generate, generate_with_progress
from backends.registry import Entry
from backends.sampling_settings import SamplingSettings

PROMPT, MORE = random_ids(20, 1), random_ids(5, 4)
OPTIONS: dict[str, Any] = {"settings": SamplingSettings(seed=5), "max_tokens": 8}
states = pytest.mark.parametrize("switches", [(), ("ttt",)], ids=["plain", "ttt"])


def ids_of(model: LanguageModel, *arguments: Any, **options: Any) -> list[int]:
    tokens = generate(model, *arguments, **{**OPTIONS, **options})
    return [token.id for token in tokens]


def test_it_tells_what_it_is(model: LanguageModel, entry: Entry) -> None:
    assert (model.context, model.dtype) == (128, "float32")
    assert model.device in ("CPU", "Metal")
    assert model.vocab_size > max(PROMPT) and model.nbytes > 0
    assert model.prefill_step >= 1
    assert model.features.readings and model.features.can_copy
    assert {(each.name, each.scope) for each in model.features.switches} == {
        ("ttt", "state"),
        ("delta_rule", "model"),
    }
    assert model.features.of_scope("state", ["ttt", "delta_rule", "x"]) == {"ttt"}


def test_unknown_dtypes_and_switches_are_refused(entry: Entry, directory: Path) -> None:
    with pytest.raises(ConfigError, match="int3"):
        entry.backend().load(directory, dtype="int3")
    with pytest.raises(ConfigError, match="'ttt'"):
        entry.backend().load(directory, switches={"ttt"})


@states
def test_a_copy_goes_its_own_way(
    model: LanguageModel, switches: tuple[str, ...]
) -> None:
    state = model.new_state(switches)
    assert state.offset == 0
    said = [*PROMPT, *ids_of(model, PROMPT, state)]
    read = state.offset
    assert len(said) - read in (0, 1) and state.nbytes > 0
    rest, copy = [*said[read:], *MORE], state.copy()
    first = ids_of(model, rest, state.copy(), history=said[:read])
    assert (state.offset, copy.offset) == (read, read)
    assert ids_of(model, rest, copy, history=said[:read]) == first
    fresh = ids_of(model, [*said[:read], *rest], model.new_state(switches))
    assert first == fresh


@states
def test_a_saved_state_goes_on_exactly(
    model: LanguageModel, switches: tuple[str, ...], tmp_path: Path
) -> None:
    assert model.features.can_save
    state = model.new_state(switches)
    said = [*PROMPT, *ids_of(model, PROMPT, state)]
    read, path = state.offset, tmp_path / "state"
    state.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    loaded = model.load_state(path)
    assert loaded.offset == read
    rest = [*said[read:], *MORE]
    assert ids_of(model, rest, loaded, history=said[:read]) == ids_of(
        model, rest, state, history=said[:read]
    )


def test_what_is_no_state_of_it_is_refused(
    model: LanguageModel, tmp_path: Path
) -> None:
    with pytest.raises(CacheError, match="backend"):
        generate(model, PROMPT, ScriptedState(), **OPTIONS)
    (tmp_path / "state").write_bytes(b"no state")
    with pytest.raises(CacheError, match="state"):
        model.load_state(tmp_path / "state")


def test_what_it_cannot_do_is_a_feature(model: LanguageModel) -> None:
    """Nobody who asks the features first meets this."""
    state = model.new_state()
    ids_of(model, PROMPT, state)
    before = state.offset
    assert not model.features.can_trim
    with pytest.raises(CacheError):
        state.trim(1)
    assert state.offset == before


def test_switches_that_are_not_there_are_ignored(model: LanguageModel) -> None:
    plain = ids_of(model, PROMPT, model.new_state())
    assert ids_of(model, PROMPT, model.new_state({"other"})) == plain


def test_readings_come_with_every_call(model: LanguageModel) -> None:
    state = model.new_state({"ttt"})
    events = list(
        generate_with_progress(
            model, PROMPT, state, prefill_step=8, readings=True, **OPTIONS
        )
    )
    told = [type(event) for event in events if event.readings is not None]
    assert told == [*[Prefilled] * 3, *[GeneratedToken] * 7]
    lengths = [e.readings.decay.shape[1] for e in events if e.readings]
    assert lengths == [8, 8, 4, *[1] * 7]


def test_the_likeliest_tokens_come_with_every_one(model: LanguageModel) -> None:
    asked = SamplingSettings(temperature=0, repetition_penalty=1, alternatives=4)
    options: dict[str, Any] = {"settings": asked, "max_tokens": 5}
    for token in generate(model, PROMPT, **options):
        ids, likely = zip(*token.alternatives, strict=True)
        assert len(ids) == 4 and list(likely) == sorted(likely, reverse=True)
        assert (ids[0], likely[0]) == (token.id, pytest.approx(token.log_probability))


def test_a_bias_decides(model: LanguageModel) -> None:
    biased = SamplingSettings(temperature=0, logit_bias=((7, 100.0),))
    options: dict[str, Any] = {"settings": biased, "max_tokens": 3}
    assert [each.id for each in generate(model, PROMPT, **options)] == [7, 7, 7]
    banned = SamplingSettings(
        temperature=0, logit_bias=((7, 100.0),), frequency_penalty=2, seed=1
    )
    options = {"settings": banned, "max_tokens": 60}
    assert {each.id for each in generate(model, PROMPT, **options)} > {7}
