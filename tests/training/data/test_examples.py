"""Samples as token ids: those that the program itself would write and read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chat_models
import numpy as np
import pytest

from converters.tokenization import load_tokenizer
from genesis_chat import Genesis
from genesis_chat.conversation import Message
from genesis_chat.engine.loader import LoadedModel
from genesis_chat.engine.prompt.formats import ChatFormat, open_format
from genesis_chat.engine.prompt.raw import encode_raw
from genesis_chat.engine.protocol import Exchange, Request
from genesis_chat.settings import GenerationSettings
from genesis_chat.training.data import Encoded, Sample, encode_samples
from genesis_chat.training.data.forms import sample_of

SYSTEM = "Be short."
SAID = ["Hi <|im_start|>there", "Hello.", "Bye", "Good\nbye!"]


@pytest.fixture(params=["genesis", "chatml"])
def model(
    request: pytest.FixtureRequest, genesis: Genesis, tmp_path: Path
) -> Iterator[tuple[Any, ChatFormat]]:
    """A tokenizer and the chat format of its model."""
    if request.param == "genesis":
        assert isinstance(genesis.model, LoadedModel)
        yield genesis.model.tokenizer, genesis.model.format
        return
    folder = chat_models.write_folder(tmp_path / "chatml")
    tokenizer = load_tokenizer(folder)
    chat = open_format(tokenizer, "model")()
    yield tokenizer, chat
    chat.close()


def conversation(*learnt: bool, system: str = SYSTEM) -> Sample:
    messages = [Message("system", system)] if system else []
    for number, text in enumerate(SAID):
        messages.append(Message("assistant" if number % 2 else "user", text))
    flags = [False] * bool(system) + [False, learnt[0], False, learnt[1]]
    return Sample("here", tuple(messages), tuple(flags))


def encoded(
    model: tuple[Any, ChatFormat], *samples: Sample, most: int = 1024, system: str = ""
) -> Encoded:
    tokenizer, chat = model

    def encode(text: str) -> list[int]:
        return encode_raw(tokenizer, text)

    return encode_samples(samples, chat, encode, most, system)


def prompt(chat: ChatFormat, count: int, system: str = SYSTEM) -> list[int]:
    """What the model reads before it writes a reply, after `count` exchanges."""
    exchanges = tuple(
        Exchange(said, reply)
        for said, reply in zip(SAID[: 2 * count : 2], SAID[1::2], strict=False)
    )
    request = Request(SAID[2 * count], GenerationSettings(), system, exchanges)
    return chat.layout(request).ids


def test_replies_stand_where_the_model_writes_them(
    model: tuple[Any, ChatFormat],
) -> None:
    _, chat = model
    (example,) = encoded(model, conversation(True, True)).examples
    ids, targets = list(example.ids), example.targets
    starts = np.flatnonzero(targets & ~np.roll(targets, 1))
    for count, start in enumerate(starts):
        assert ids[:start] == prompt(chat, count)
        end = start + int(np.argmin(np.append(targets[start:], False)))
        assert ids[end - 1] in chat.stop_ids
        said = b"".join(chat.token_bytes(int(n)) for n in ids[start : end - 1])
        assert said.decode().strip("\n") == SAID[2 * count + 1]
    assert len(starts) == 2 and len(ids) == np.flatnonzero(targets)[-1] + 1
    # What a person writes is content, whatever it says.
    assert sum(n in chat.stop_ids for n in ids) == 5 - (ids[0] not in ids[1:])


def test_a_reply_of_weight_0_is_read_only(model: tuple[Any, ChatFormat]) -> None:
    both, second = encoded(
        model, conversation(True, True), conversation(False, True)
    ).examples
    assert list(both.ids) == list(second.ids)
    assert both.targets[second.targets].all()
    assert 0 < second.targets.sum() < both.targets.sum()


def test_the_usual_system_prompt_stands_for_none(model: tuple[Any, ChatFormat]) -> None:
    given, usual = encoded(
        model,
        conversation(True, True),
        conversation(True, True, system=""),
        system=SYSTEM,
    ).examples
    assert list(given.ids) == list(usual.ids)


def test_a_long_one_loses_its_first_turns(model: tuple[Any, ChatFormat]) -> None:
    sample = conversation(True, True)
    whole = encoded(model, sample)
    most = whole.longest - 1
    found = encoded(model, sample, most=most)
    (example,) = found.examples
    assert found.cut == 1 and found.cut_tokens > 0 and len(example) <= most
    _, chat = model
    system = chat.layout(Request("a", GenerationSettings(), SYSTEM)).starts[0]
    assert list(example.ids[:system]) == list(whole.examples[0].ids[:system])
    last = int(whole.examples[0].targets[::-1].argmin())
    assert list(example.ids[-last:]) == list(whole.examples[0].ids[-last:])


def test_what_has_nothing_left_is_told(model: tuple[Any, ChatFormat]) -> None:
    found = encoded(model, conversation(True, True), most=3)
    assert not found.examples and found.left_out == ["here"]


def test_texts_are_learnt_whole(model: tuple[Any, ChatFormat]) -> None:
    tokenizer, _ = model
    found = encoded(model, sample_of({"text": "A tale of long ago."}, "here"))
    (example,) = found.examples
    assert list(example.ids) == encode_raw(tokenizer, "A tale of long ago.")
    assert example.targets[1:].all() and not example.targets[0]
    assert len(encoded(model, found.samples[0], most=4).examples[0]) == 4
