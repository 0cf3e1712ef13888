"""Greedy replies of the real SmolLM2, against llama.cpp's and mlx-lm's in float32."""

from collections.abc import Iterator
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import smollm2_goldens as goldens
from mlx_decoders import needs_mlx_lm
from tolerances import NEARLY_EQUAL_LOGITS, max_difference
from turns import finished

from genesis_chat.engine import LoadedModel, LocalEngine, Reply, Request, open_model
from genesis_chat.model_choice import ModelChoice
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(
    temperature=0, repetition_penalty=1, max_tokens=goldens.REPLY_TOKENS, seed=0
)


@pytest.fixture(scope="module")
def model(smollm2: Path) -> Iterator[LoadedModel]:
    """The CPU backend in float32."""
    choice = ModelChoice(backend="cpu", dtype="float32")
    model = open_model(smollm2, choice=choice)
    yield model
    model.format.close()


@pytest.fixture(scope="module")
def replies(model: LoadedModel) -> list[Reply]:
    """Our replies to the prompts, each as the first turn of a conversation."""
    engine = LocalEngine(model)
    return [
        finished(engine.reply(Request(prompt, GREEDY, goldens.SYSTEM)))
        for prompt in goldens.PROMPTS
    ]


def test_prompts_are_those_of_llama_cpp(model: LoadedModel) -> None:
    for prompt, golden in zip(goldens.PROMPTS, goldens.read()["replies"], strict=True):
        request = Request(prompt, GREEDY, goldens.SYSTEM)
        assert model.format.layout(request).ids == golden["prompt"]


def test_replies_are_those_of_llama_cpp(replies: list[Reply]) -> None:
    """Or part where its two likeliest tokens are as good as equal."""
    for reply, golden in zip(replies, goldens.read()["replies"], strict=True):
        pairs = zip(reply.token_ids, golden["ids"], strict=False)
        parted = [n for n, (ours, theirs) in enumerate(pairs) if ours != theirs]
        if parted:
            (first, second), place = golden["logits"][parted[0]], parted[0]
            assert reply.token_ids[place] == golden["best"][place][1]
            assert first - second <= NEARLY_EQUAL_LOGITS
        else:
            assert len(reply.token_ids) == len(golden["ids"])


@needs_mlx_lm
def test_every_token_is_the_likeliest_to_mlx_lm(
    smollm2: Path, replies: list[Reply]
) -> None:
    """By one pass over each prompt and its reply; and with the same probability."""
    choice = ModelChoice(backend="mlx", dtype="float32")
    oracle = open_model(smollm2, choice=choice)
    oracle.format.close()
    network = oracle.language_model.network  # type: ignore[attr-defined]
    for reply, golden in zip(replies, goldens.read()["replies"], strict=True):
        text = [*golden["prompt"], *reply.token_ids]
        logits = network(mx.array([text]))[0, len(golden["prompt"]) - 1 : -1]
        likely = np.array(logits - mx.logsumexp(logits, axis=-1, keepdims=True))
        ours = likely[np.arange(reply.reply_tokens), list(reply.token_ids)]
        assert (likely.max(axis=-1) - ours).max() <= NEARLY_EQUAL_LOGITS
        assert max_difference(ours, reply.log_probabilities) <= NEARLY_EQUAL_LOGITS
