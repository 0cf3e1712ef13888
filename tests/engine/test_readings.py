"""Readings through the engine: they arrive with each token, and name the messages."""

from dataclasses import replace

import numpy as np
import pytest
from loaded import loaded, tokenizer_of
from turns import GREEDY

from backends.genesis_cpu.language_model import LanguageModel
from genesis_chat import Genesis
from genesis_chat.engine import (
    Engine,
    Exchange,
    Finished,
    LocalEngine,
    MixerReadings,
    PromptTokens,
    Request,
    Text,
)
from genesis_chat.engine.pieces import texts_of

SAID = (Exchange("My name is Bob.", "Hello, Bob!"), Exchange("Hello!", "Hello!"))
REQUEST = Request("What is my name?", GREEDY, "Be brief.", SAID, readings=True)


def test_they_come_with_each_step_and_change_nothing(engine: Engine) -> None:
    on = list(engine.reply(REQUEST))
    off = list(engine.reply(replace(REQUEST, readings=False)))
    told_of_mixers = (MixerReadings, PromptTokens)
    assert not any(isinstance(event, told_of_mixers) for event in off)
    texts = [[e.text for e in events if isinstance(e, Text)] for events in (on, off)]
    assert texts[0] == texts[1]
    told = [event for event in on if isinstance(event, MixerReadings)]
    last = on[-1]
    assert isinstance(last, Finished)
    reply = last.reply
    read = sum(each.decay.shape[1] for each in told)
    assert read == reply.prefilled_tokens + reply.reply_tokens - 1
    assert told[-1].remaining.shape[-1] == reply.prompt_tokens + reply.reply_tokens - 1
    assert told[-1].surprise is None


def test_the_messages_begin_where_they_say(engine: Engine, genesis: Genesis) -> None:
    told = [e for e in engine.reply(REQUEST) if isinstance(e, MixerReadings)]
    prompt = LocalEngine(loaded(genesis))._planner.plan(REQUEST).prompt
    tokenizer = tokenizer_of(genesis)
    starts = told[-1].starts
    assert len(starts) == 2 * len(SAID) + 2
    expected = [text for said in SAID for text in (said.content, said.reply)]
    for number, text in enumerate([*expected, REQUEST.content]):
        part = prompt[starts[number] : starts[number + 1]]
        assert text in tokenizer.decode([i for i in part if i != tokenizer.im_start])
    assert starts[-1] == len(prompt)


def test_they_name_the_layers_they_are_of(engine: Engine, genesis: Genesis) -> None:
    (told, *_) = (e for e in engine.reply(REQUEST) if isinstance(e, MixerReadings))
    model = loaded(genesis).language_model
    assert isinstance(model, LanguageModel)
    kinds = model.network.args.layer_kinds
    assert len(told.gla_layers) == len(told.decay)
    assert len(told.fox_layers) == len(told.log_forget)
    assert {kinds[n - 1] for n in told.gla_layers} == {"gla"}
    assert {kinds[n - 1] for n in told.fox_layers} == {"fox"}


def test_the_prompts_tokens_come_first_with_their_texts(engine: Engine) -> None:
    request = replace(REQUEST, content="Grüße \U0001f389 an Łukasz")
    events = list(engine.reply(request))
    told = events[0]
    assert isinstance(told, PromptTokens)
    last = events[-1]
    assert isinstance(last, Finished)
    assert len(told.texts) == last.reply.prompt_tokens
    (readings, *_) = (e for e in events if isinstance(e, MixerReadings))
    assert told.starts == readings.starts
    contents = [text for said in SAID for text in (said.content, said.reply)]
    bounds = zip(told.starts, told.starts[1:], strict=False)
    for content, (start, end) in zip([*contents, request.content], bounds, strict=True):
        assert content in "".join(told.texts[start:end])


def test_a_token_is_never_likelier_than_the_likeliest(engine: Engine) -> None:
    request = replace(REQUEST, settings=replace(GREEDY, temperature=2.0, seed=3))
    texts = [e for e in engine.reply(request) if isinstance(e, Text)]
    found = [each for text in texts for each in text.likelihoods]
    assert found and all(
        each.log_probability <= each.alternatives[0].log_probability + 1e-5
        for each in found
    )
    greedy = [e for e in engine.reply(REQUEST) if isinstance(e, Text)]
    for each in greedy:
        tops = [told.alternatives[0].log_probability for told in each.likelihoods]
        assert each.log_probabilities == pytest.approx(tops)


def test_a_character_belongs_to_the_token_that_completes_it() -> None:
    party = "\U0001f389".encode()
    assert texts_of([b"a", party[:2], party[2:], b"\xff"]) == (
        "a",
        "",
        "\U0001f389",
        "\ufffd",
    )


def test_half_lives_are_in_tokens() -> None:
    decay = np.array([[[0.5, 0.25, 1.0]]], np.float32)
    empty = np.zeros((0, 0, 0), np.float32)
    found = MixerReadings(decay, empty, empty, None, None, None).half_life
    assert np.allclose(found[0, 0, :2], [1, 0.5]) and np.isinf(found[0, 0, 2])
