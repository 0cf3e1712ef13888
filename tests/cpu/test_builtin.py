"""The built-in model in the CPU backend: float32 exactly, int8 nearly."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_model import FOLDER, IM_END, PROMPTS, ids_of
from goldens_of import GOLDENS, REPLY
from running_cpu import load_cpu, whole
from tolerances import KL_8_BIT

from backends.genesis_cpu import Model, SamplingSettings, generate
from converters import convert

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
REPLIES = json.loads((GOLDENS / "builtin.json").read_text())["replies"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("builtin") / "model"
    convert(FOLDER, folder)
    return folder


@pytest.fixture(scope="module")
def exact(folder: Path) -> Model:
    return load_cpu(folder, "float32")


def reply(model: Model, prompt: str, *, ttt: bool) -> list[int]:
    tokens = generate(
        model,
        ids_of(prompt),
        cache=model.make_cache(ttt=ttt),
        settings=GREEDY,
        max_tokens=REPLY,
    )
    return [token.id for token in tokens]


def until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(IM_END) + 1] if IM_END in ids else ids


@pytest.mark.parametrize("form", ["plain", "adapted"])
@pytest.mark.parametrize("number", range(len(PROMPTS)))
def test_the_references_text(number: int, form: str, exact: Model) -> None:
    stored = REPLIES[number]
    assert reply(exact, stored["prompt"], ttt=form == "adapted") == stored[form]


def divergences(model: Model, other: Model) -> Iterator[float]:
    """KL divergence (nats) at every position of the stored conversations."""
    for stored in REPLIES:
        ids = [*ids_of(stored["prompt"]), *until_end(stored["plain"])]
        p, q = (
            np.asarray(whole(m, ids, ttt=False), np.float64) for m in (model, other)
        )
        p, q = (x - np.logaddexp.reduce(x, axis=-1, keepdims=True) for x in (p, q))
        yield from (np.exp(p) * (p - q)).sum(-1)


def test_int8_says_the_same(folder: Path, exact: Model) -> None:
    """The same text, to the end token, and nearly the same distribution."""
    model = load_cpu(folder, "int8")
    assert 0 < np.mean(list(divergences(exact, model))) <= KL_8_BIT
    for stored in REPLIES:
        found = reply(model, stored["prompt"], ttt=False)
        assert until_end(found) == until_end(stored["plain"]), stored["prompt"]
