"""States kept between turns: on disk they are what they were in memory."""

from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import tolerances
from turns import GREEDY, finished

from genesis_chat import Genesis
from genesis_chat.engine import Exchange, LocalEngine, Request, Snapshots
from genesis_chat.engine.states import States
from genesis_chat.settings import GenerationSettings

SYSTEM = "You are a helpful assistant."
TURNS = ["My name is Bob.", "Tell me a story about a bird.", "What is my name?"]


def conversation(engine: LocalEngine, settings: GenerationSettings) -> Request:
    """Some turns; the request of the last one."""
    exchanges: tuple[Exchange, ...] = ()
    for content in TURNS:
        request = Request(content, settings, SYSTEM, exchanges)
        reply = finished(engine.reply(request))
        exchanges += (Exchange(content, reply.text, reply.token_ids),)
    return Request("Thank you!", settings, SYSTEM, exchanges)


@pytest.mark.parametrize("ttt", [False, True])
def test_a_reopened_state_gives_the_same_logits(
    ttt: bool, genesis: Genesis, tmp_path: Path
) -> None:
    """As if the conversation had never been closed."""
    settings = GenerationSettings(temperature=0, max_tokens=20, seed=0, ttt=ttt)
    engine = LocalEngine(genesis.model, Snapshots(tmp_path))
    request = conversation(engine, settings)
    plan = engine._planner.plan(request)
    unbroken, read = engine._states.find(plan, ttt)
    reopened, read_again = States(genesis.model, Snapshots(tmp_path)).find(plan, ttt)
    assert 0 < read == read_again == reopened.offset < len(plan.prompt)
    ids = mx.array([plan.prompt[read:]])
    logits = [
        np.asarray(genesis.model._model(ids, state)) for state in (unbroken, reopened)
    ]
    assert np.abs(logits[0] - logits[1]).max() <= tolerances.REOPENED
    # And as if it had been read in one go.
    fresh = np.asarray(
        genesis.model._model(mx.array([plan.prompt]), genesis.model.new_state(ttt))
    )[:, read:]
    assert np.abs(logits[0] - fresh).max() <= tolerances.LOGITS


def test_the_longest_state_is_taken_wherever_it_is(
    genesis: Genesis, tmp_path: Path
) -> None:
    """An older one in memory does not hide a newer one on disk."""
    first = LocalEngine(genesis.model, Snapshots(tmp_path))
    one = Request(TURNS[0], GREEDY, SYSTEM)
    reply = finished(first.reply(one))
    second = LocalEngine(genesis.model, Snapshots(tmp_path))
    conversation(second, GREEDY)
    said = (Exchange(TURNS[0], reply.text, reply.token_ids),)
    expected = finished(second.reply(Request(TURNS[1], GREEDY, SYSTEM, said)))
    said += (Exchange(TURNS[1], expected.text, expected.token_ids),)
    found = finished(first.reply(Request(TURNS[2], GREEDY, SYSTEM, said)))
    again = finished(second.reply(Request(TURNS[2], GREEDY, SYSTEM, said)))
    assert found.token_ids == again.token_ids
    assert found.prefilled_tokens == again.prefilled_tokens < found.prompt_tokens


def test_states_in_memory_are_bounded(genesis: Genesis) -> None:
    state = genesis.model.new_state(False)
    list(genesis.model.generate(list(range(10, 40)), state, [], GREEDY))
    states = States(genesis.model, None, limit=3 * state.nbytes)
    for number in range(10):
        states.keep(state, [*range(number, number + state.offset)], False)
    assert len(states._entries) == 3
    small = States(genesis.model, None, limit=1)
    small.keep(state, list(range(state.offset)), False)
    small.keep(state, list(range(1, state.offset + 1)), False)
    assert len(small._entries) == 1


def test_a_state_is_not_changed_by_whoever_goes_on_from_it(genesis: Genesis) -> None:
    engine = LocalEngine(genesis.model)
    request = conversation(engine, GREEDY)
    expected = finished(engine.reply(request)).token_ids
    for content in ("No!", "Hello!", "What are you made of?"):
        other = Request(content, GREEDY, SYSTEM, request.exchanges)
        finished(engine.reply(other))
        assert finished(engine.reply(request)).token_ids == expected
