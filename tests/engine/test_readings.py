"""Readings through the engine: they arrive with each token, and name the messages."""

from dataclasses import replace

import numpy as np
from loaded import loaded, tokenizer_of
from turns import GREEDY

from genesis_chat import Genesis
from genesis_chat.engine import (
    Engine,
    Exchange,
    Finished,
    LocalEngine,
    MixerReadings,
    Request,
    Text,
)

SAID = (Exchange("My name is Bob.", "Hello, Bob!"), Exchange("Hello!", "Hello!"))
REQUEST = Request("What is my name?", GREEDY, "Be brief.", SAID, readings=True)


def test_they_come_with_each_step_and_change_nothing(engine: Engine) -> None:
    on = list(engine.reply(REQUEST))
    off = list(engine.reply(replace(REQUEST, readings=False)))
    assert not any(isinstance(event, MixerReadings) for event in off)
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


def test_half_lives_are_in_tokens() -> None:
    decay = np.array([[[0.5, 0.25, 1.0]]], np.float32)
    empty = np.zeros((0, 0, 0), np.float32)
    found = MixerReadings(decay, empty, empty, None, None, None).half_life
    assert np.allclose(found[0, 0, :2], [1, 0.5]) and np.isinf(found[0, 0, 2])
