"""The built-in model says, greedily, what the reference says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_model import FOLDER, IM_END, PROMPTS, ids_of, read_checkpoint, text_of
from goldens_of import GOLDENS, REPLY
from numpy.typing import NDArray
from reference import Reference
from running import build_from, whole
from tolerances import KL_4_BIT, KL_8_BIT, LOGITS, LOGITS_MASKED, max_difference

from backends.genesis_mlx import Model, SamplingSettings, generate
from converters import load_tokenizer

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
REPLIES = json.loads((GOLDENS / "builtin.json").read_text())["replies"]
# Without a fast BLAS a reply takes MLX a second and more.
FEW = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("builtin")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return build_from(FOLDER, folder / "model")


def reply(model: Model, prompt: str, *, ttt: bool) -> list[int]:
    """A hundred tokens: past the end token too, where the model is least sure."""
    tokens = generate(
        model,
        ids_of(prompt),
        cache=model.make_cache(ttt=ttt),
        settings=GREEDY,
        max_tokens=REPLY,
    )
    return [token.id for token in tokens]


def until_end(ids: list[int]) -> list[int]:
    assert IM_END in ids
    return ids[: ids.index(IM_END) + 1]


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(each, id=str(n), marks=[pytest.mark.slow] if n >= FEW else [])
        for n, each in enumerate(REPLIES)
    ],
)
def test_stored_replies(stored: dict[str, Any], model: Model, folder: Path) -> None:
    plain = reply(model, stored["prompt"], ttt=False)
    assert plain == stored["plain"]
    assert reply(model, stored["prompt"], ttt=True) == stored["adapted"]
    assert load_tokenizer(folder / "model").decode(plain) == text_of(stored["plain"])


@pytest.mark.reference
def test_stored_replies_are_the_references() -> None:
    """Rotary tables computed, as the model was trained."""
    reference = Reference(*read_checkpoint())
    for stored in REPLIES:
        plain = stored["plain"]
        assert len(plain) == REPLY
        assert reference.likeliest(ids_of(stored["prompt"]), plain) == plain
    # And token by token, as it generates: one for all, since the goldens are from that.
    first = REPLIES[0]
    found = reference.greedy(ids_of(first["prompt"]), REPLY, ttt=False)
    assert found == first["plain"]


@pytest.mark.reference
def test_stored_replies_are_those_of_the_file_as_stored() -> None:
    """The file holds rotary tables in bfloat16, which the reference's loader takes.

    They move logits by 0.08, which no whole reply shows.
    """
    reference = Reference(*read_checkpoint(), as_stored=True)
    for stored in REPLIES:
        plain = until_end(stored["plain"])
        assert len(plain) <= 50
        assert reference.likeliest(ids_of(stored["prompt"]), plain) == plain


@pytest.mark.reference
def test_logits_are_the_references(model: Model, folder: Path) -> None:
    """The mask off at the tight tolerance, and as trained at the loose one."""
    config, tensors = read_checkpoint()
    reference = Reference(config, tensors)
    unmasked = build_from(FOLDER, folder / "unmasked")
    for block in unmasked.blocks:
        block.ffn._keep = unmasked.args.ffn_width
    for prompt in PROMPTS[:6]:
        ids = ids_of(prompt)
        expected = reference.logits(ids)
        assert max_difference(whole(model, ids, ttt=False), expected) <= LOGITS_MASKED
        bare = Reference({**config, "use_selective_activation": False}, tensors)
        assert max_difference(whole(unmasked, ids, ttt=False), bare.logits(ids)) <= (
            LOGITS
        )
        last = whole(unmasked, ids, ttt=True)[-1]
        assert max_difference(last, bare.last_logits(ids)) <= LOGITS


@pytest.mark.slow
def test_quantised_stays_near(model: Model, folder: Path) -> None:
    """Mean KL divergence over every position of the stored conversations."""
    limits = {8: KL_8_BIT, 4: KL_4_BIT}
    quantised = [
        build_from(FOLDER, folder / f"q{bits}", quantize=bits) for bits in limits
    ]
    divergences = []
    for stored in REPLIES:
        ids = [*ids_of(stored["prompt"]), *until_end(stored["plain"])]
        exact = log_probabilities(model, ids)
        others = [log_probabilities(other, ids) for other in quantised]
        divergences.append([(np.exp(exact) * (exact - q)).sum(-1) for q in others])
    means = np.concatenate(divergences, axis=-1).mean(axis=-1)
    for mean, limit in zip(means, limits.values(), strict=True):
        assert 0 < mean <= limit


def log_probabilities(model: Model, ids: list[int]) -> NDArray[np.float64]:
    """Of every token at every position, [L, V]."""
    logits = np.asarray(whole(model, ids, ttt=False), np.float64)
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
