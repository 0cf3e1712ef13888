"""States kept between turns: on disk they are what they were in memory."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import mlx.core as mx
import numpy as np
import pytest
import tolerances
from chat_models import SPECIAL, byte_level, write_folder
from loaded import loaded
from scripted import CAN_ALL, CONTEXT, ScriptedModel, ScriptedState
from turns import GREEDY, finished

from backends.contract import Features
from converters import load_tokenizer
from genesis_chat import Genesis
from genesis_chat.engine import (
    Exchange,
    LoadedModel,
    LocalEngine,
    Request,
    Snapshots,
)
from genesis_chat.engine.plan import Plan
from genesis_chat.engine.prompt import open_format
from genesis_chat.engine.states import States
from genesis_chat.settings import GenerationSettings

SYSTEM = "You are a helpful assistant."
OFF: frozenset[str] = frozenset()
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
    engine = LocalEngine(loaded(genesis), Snapshots(tmp_path))
    request = conversation(engine, settings)
    plan = engine._planner.plan(request)
    switches, states = settings.switches, States(loaded(genesis), Snapshots(tmp_path))
    unbroken, read = engine._states.find(plan, switches)
    reopened, read_again = states.find(plan, switches)
    assert 0 < read == read_again == reopened.offset < len(plan.prompt)
    ids = mx.array([plan.prompt[read:]])
    network = cast(Any, loaded(genesis).language_model).network
    logits = [np.asarray(network(ids, state)) for state in (unbroken, reopened)]
    assert np.abs(logits[0] - logits[1]).max() <= tolerances.REOPENED
    # And as if it had been read in one go.
    fresh = np.asarray(
        network(mx.array([plan.prompt]), loaded(genesis).new_state(switches))
    )[:, read:]
    most = np.abs(logits[0] - fresh).max() / np.abs(fresh).max()
    assert most <= tolerances.SPLIT_CODES


def test_the_longest_state_is_taken_wherever_it_is(
    genesis: Genesis, tmp_path: Path
) -> None:
    """An older one in memory does not hide a newer one on disk."""
    first = LocalEngine(loaded(genesis), Snapshots(tmp_path))
    one = Request(TURNS[0], GREEDY, SYSTEM)
    reply = finished(first.reply(one))
    second = LocalEngine(loaded(genesis), Snapshots(tmp_path))
    conversation(second, GREEDY)
    said: tuple[Exchange, ...] = (Exchange(TURNS[0], reply.text, reply.token_ids),)
    expected = finished(second.reply(Request(TURNS[1], GREEDY, SYSTEM, said)))
    said += (Exchange(TURNS[1], expected.text, expected.token_ids),)
    found = finished(first.reply(Request(TURNS[2], GREEDY, SYSTEM, said)))
    again = finished(second.reply(Request(TURNS[2], GREEDY, SYSTEM, said)))
    assert found.token_ids == again.token_ids
    assert found.prefilled_tokens == again.prefilled_tokens < found.prompt_tokens


def test_states_in_memory_are_bounded(genesis: Genesis) -> None:
    settings = GREEDY.resolved(loaded(genesis).sampling)
    state = loaded(genesis).new_state(())
    list(loaded(genesis).generate(list(range(10, 40)), state, [], settings))
    states = States(loaded(genesis), None, limit=3 * state.nbytes)
    for number in range(10):
        states.keep(state, [*range(number, number + state.offset)], OFF)
    assert len(states._entries) == 3
    small = States(loaded(genesis), None, limit=1)
    small.keep(state, list(range(state.offset)), OFF)
    small.keep(state, list(range(1, state.offset + 1)), OFF)
    assert len(small._entries) == 1


def test_a_state_is_not_changed_by_whoever_goes_on_from_it(genesis: Genesis) -> None:
    engine = LocalEngine(loaded(genesis))
    request = conversation(engine, GREEDY)
    expected = finished(engine.reply(request)).token_ids
    for content in ("No!", "Hello!", "What are you made of?"):
        other = Request(content, GREEDY, SYSTEM, request.exchanges)
        finished(engine.reply(other))
        assert finished(engine.reply(request)).token_ids == expected


def scripted(features: Features) -> LoadedModel:
    """A model that can do no more than this."""
    return LoadedModel(
        *("scripted", CONTEXT, "float32", "CPU", "0" * 64),
        features=features,
        tokenizer=None,  # type: ignore[arg-type]  # nothing is encoded
        format=None,  # type: ignore[arg-type]  # nor laid out
        language_model=ScriptedModel(features=features),
    )


def test_a_state_that_cannot_be_copied_is_handed_on_once() -> None:
    """Who comes back to the same place reads anew, and gets what is right."""
    states = States(scripted(Features(can_copy=False)), None)
    kept = ScriptedState([1, 2])
    states.keep(kept, [1, 2], OFF)
    plan = Plan([1, 2, 3, 4], [], (), 0)
    assert states.find(plan, OFF) == (kept, 2)
    again, read = states.find(plan, OFF)
    assert (again, read) == (ScriptedState(), 0)


def test_a_state_that_can_be_copied_is_found_again() -> None:
    states = States(scripted(Features()), None)
    kept = ScriptedState([1, 2])
    states.keep(kept, [1, 2], OFF)
    for _ in range(2):
        found, read = states.find(Plan([1, 2, 3, 4], [], (), 0), OFF)
        assert isinstance(found, ScriptedState) and (found.read, read) == ([1, 2], 2)
        found.read.append(3)


@pytest.mark.parametrize("can_save", [False, True])
def test_only_what_can_be_saved_is_kept_on_disk(can_save: bool, tmp_path: Path) -> None:
    states = States(scripted(Features(can_save=can_save)), Snapshots(tmp_path))
    states.keep(ScriptedState([1, 2]), [1, 2], OFF)
    states.save()
    assert len(list(tmp_path.iterdir())) == can_save


def test_what_a_state_read_too_much_is_taken_back() -> None:
    """Where the model can; the state that was kept stays as it was."""
    states = States(scripted(Features(can_trim=True)), None)
    states.keep(ScriptedState([1, 2, 3, 4]), [1, 2, 3, 4], OFF)
    states.keep(ScriptedState([1, 2]), [1, 2], OFF)
    for prompt, known in (([1, 2, 3, 9], 3), ([1, 2, 3, 4], 3), ([1, 9], 1), ([9], 0)):
        found, read = states.find(Plan(prompt, [], (), 0), OFF)
        assert isinstance(found, ScriptedState)
        assert (found.read, read) == (prompt[:known], known)
    other, read = states.find(Plan([1, 2, 3, 4], [], (), 0), frozenset({"ttt"}))
    assert (other, read) == (ScriptedState(), 0)


@pytest.mark.parametrize("runs_ahead", [False, True])
@pytest.mark.parametrize("stop", ["</s>", "<|im_end|>"])
def test_a_reply_that_ends_otherwise_than_the_template_closes_it(
    stop: str, runs_ahead: bool, tmp_path: Path
) -> None:
    """Its state fits the next turn, also when it comes from the disk."""
    folder = write_folder(tmp_path / "model", byte_level(plain=()))
    tokenizer = load_tokenizer(folder)
    said = [*tokenizer.encode("Yes."), SPECIAL.index(stop), 5]
    network = ScriptedModel(said, runs_ahead)
    network.vocab_size, network.context = tokenizer.vocab_size, 512
    model = replace(
        scripted(CAN_ALL),
        tokenizer=tokenizer,
        format=open_format(tokenizer, "mine")(),
        language_model=network,
        context=512,
    )
    one, *later = (LocalEngine(model, Snapshots(tmp_path / "on disk")) for _ in "123")
    reply = finished(one.reply(Request("Is it?", GREEDY)))
    assert (reply.text, reply.finish_reason) == ("Yes.", "stop")
    exchange = Exchange("Is it?", reply.text, reply.token_ids)
    for engine in (one, *later):
        then = finished(engine.reply(Request("And?", GREEDY, exchanges=(exchange,))))
        known = then.prompt_tokens - then.prefilled_tokens
        assert known >= reply.prompt_tokens + len(said) - 3
    model.format.close()
