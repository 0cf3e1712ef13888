"""mlx-lm's generation on Genesis: ids as ours, caches that keep, batches, gradients."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import mlx.core as mx
import numpy as np
import pytest
from builtin_model import FOLDER, PROMPTS, ids_of
from configurations import random_ids
from mlx_lm_tools import Peer, Tool, needs_mlx_lm
from tolerances import REOPENED

from backends.genesis_mlx import Model, SamplingSettings, generate, load
from converters import convert, load_tokenizer
from converters.tokenization import GenesisTokenizer
from genesis_chat.models.library_folder import library_folder

pytestmark = needs_mlx_lm
GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
COUNT = 24
CHOSEN = [PROMPTS[i] for i in (0, 3, 8, 17, 19)]
CHAT = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": CHOSEN[3]},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in model, converted; nothing is ever put beside its files."""
    folder = tmp_path_factory.mktemp("builtin") / "model"
    convert(FOLDER, folder)
    return folder


@pytest.fixture(scope="module")
def own(folder: Path) -> Model:
    return load(folder, dtype="float32")


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[list[int]]:
    encode = load_tokenizer(folder).encode
    lines = ("The sky is blue today.", "My name is Genesis, and yours?", "Hello!")
    return [(encode(line) * 12)[:12] for line in lines]


@pytest.fixture(scope="module")
def answers(folder: Path, rows: list[list[int]], peer: Peer) -> Any:
    """Everything asked at once, since importing mlx-lm takes seconds."""
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    found = peer(
        library_folder(folder),
        count=COUNT,
        chat=CHAT,
        prompts=[ids_of(prompt) for prompt in CHOSEN],
        batch=[ids_of(prompt) for prompt in CHOSEN[:3]],
        kept=ids_of(CHOSEN[4]),
        perplexity=rows,
        gradients=random_ids(19, 3, 2048),
    )
    after = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert after == before
    return found


def greedy(model: Model, prompt: list[int]) -> list[int]:
    tokens = generate(
        model,
        prompt,
        cache=model.make_cache(ttt=False),
        settings=GREEDY,
        max_tokens=COUNT,
    )
    return [token.id for token in tokens]


@pytest.mark.parametrize("number", range(len(CHOSEN)))
def test_greedy_ids_are_ours(number: int, own: Model, answers: Any) -> None:
    assert answers["greedy"][number] == greedy(own, ids_of(CHOSEN[number]))


def test_a_chat_is_laid_out_as_ours(folder: Path, answers: Any) -> None:
    assert answers["chat"] == ids_of(CHOSEN[3])
    assert answers["ends"] == [cast(GenesisTokenizer, load_tokenizer(folder)).im_end]


def test_a_batch_reads_as_each_alone(answers: Any) -> None:
    assert answers["batch"]["together"] == answers["batch"]["alone"]
    assert len(set(answers["batch"]["alone"])) == 3


def test_caches_are_saved_and_copied(own: Model, answers: Any) -> None:
    kept = answers["kept"]
    assert max(kept["differences"]) <= REOPENED
    assert kept["metadata"] == {"a": "b"}
    assert not kept["trimmable"]
    cache = own.make_cache(ttt=False)
    for ids in (ids_of(CHOSEN[4]), ids_of(CHOSEN[4])[-5:]):
        mx.eval(own(mx.array([ids]), cache))
    assert kept["nbytes"] == cache.nbytes


def test_perplexity_is_that_of_our_logits(
    own: Model, rows: list[list[int]], answers: Any
) -> None:
    losses = []
    for row in rows:
        logits = own(mx.array([row[:-1]]), own.make_cache(ttt=False))[0]
        all_of = mx.logsumexp(logits, axis=-1)
        for position, following in enumerate(row[1:]):
            losses.append((all_of[position] - logits[position, following]).item())
    expected = math.exp(float(np.mean(np.array(losses, np.float64))))
    assert math.isclose(answers["perplexity"], expected, rel_tol=1e-4)


def test_gradients_survive_checkpointing(answers: Any) -> None:
    found = answers["gradients"]
    assert found["finite"]
    assert found["difference"] <= 1e-5
    # The step sizes of the delta rule, which generation does not use either.
    assert [n for n in found["nothing"] if ".b_proj." not in n] == []


def test_the_command_generates_what_ask_says(
    tool: Tool, tools_home: Mapping[str, str]
) -> None:
    prompt = "What is the capital of France?"
    done = tool(
        *("generate", "--model", "builtin", "--prompt", prompt, "--verbose", "False"),
        *("--system-prompt", CHAT[0]["content"]),
    )
    assert (done.code, done.out.strip()) == (0, "The capital of France is Paris.")
    assert done.err in ("", "Preparing the built-in model (first run only)…\n")
    models = Path(tools_home["GENESIS_CHAT_HOME"]) / "models" / "builtin"
    assert not list(models.glob("tokenizer*.json"))
