"""Samples as token ids: those that the program itself would write and read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chat_models
import numpy as np
import pytest

from converters.tokenization import load_tokenizer
from converters.tokenization.hugging_face import HuggingFaceTokenizer
from genesis_chat import Genesis
from genesis_chat.conversation import Message
from genesis_chat.engine.loader import LoadedModel
from genesis_chat.engine.prompt.formats import ChatFormat, open_format
from genesis_chat.engine.prompt.raw import encode_raw
from genesis_chat.engine.protocol import Exchange, Request
from genesis_chat.errors import ModelError
from genesis_chat.settings import GenerationSettings
from genesis_chat.training.data import (
    Encoded,
    Sample,
    encode_conversation,
    encode_samples,
)
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


def test_one_conversation_is_as_among_others(model: tuple[Any, ChatFormat]) -> None:
    sample = conversation(False, True, system="")
    (among,) = encoded(model, sample, system=SYSTEM).examples
    (alone,) = encode_conversation(sample, model[1], SYSTEM)
    assert list(alone.ids) == list(among.ids)
    assert list(alone.targets) == list(among.targets)


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


TEMPLATES = {
    "chatml": chat_models.CHATML,
    "thinking": chat_models.THINKING,
    "opened": chat_models.OPENED,
    "trimmed": chat_models.TRIMMED,
    "parts": chat_models.PARTS,
    "none": None,
}


@pytest.fixture(params=TEMPLATES)
def any_model(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Any, ChatFormat]]:
    """The same of each kind of template."""
    template = TEMPLATES[request.param]
    tokenizer = load_tokenizer(chat_models.write_folder(tmp_path / "m", None, template))
    chat = open_format(tokenizer, "model")()
    yield tokenizer, chat
    chat.close()


def talk(*said: str, thought: str = "") -> Sample:
    messages = tuple(
        Message("assistant" if n % 2 else "user", text) for n, text in enumerate(said)
    )
    learnt = tuple(message.role == "assistant" for message in messages)
    thoughts = (*("",) * (len(said) - 1), thought) if thought else ()
    return Sample("here", messages, learnt, thoughts=thoughts)


@pytest.mark.parametrize(
    "reply", ["Hello.", "\nHi", "the <|im_end|> end", " the ", "é"]
)
def test_a_chat_that_generates_the_replies_has_the_same_ids(
    any_model: tuple[Any, ChatFormat], reply: str
) -> None:
    _, chat = any_model
    sample = talk("Hi the <|im_start|>user", reply, "Why?", "So the end.")
    found = encoded(any_model, sample)
    said: tuple[Exchange, ...] = ()
    written: list[tuple[int, ...]] = []
    for turn in sample.turns:
        asked = Request(turn.content, GenerationSettings(), "", said)
        prompt = chat.layout(asked).ids
        (example,) = [
            each
            for each in found.examples
            if list(each.ids[: len(prompt)]) == prompt and each.targets[len(prompt)]
        ]
        rest = example.targets[len(prompt) :]
        size = int(np.argmin(np.append(rest, False)))
        ids = tuple(map(int, example.ids[len(prompt) : len(prompt) + size]))
        assert ids[-1] in chat.stop_ids and not {*ids[:-1]} & {*chat.stop_ids}
        text = b"".join(map(chat.token_bytes, ids[:-1])).decode()
        assert text.strip().endswith(turn.reply.strip())
        written.append(ids)
        said = (*said, Exchange(turn.content, turn.reply, ids))
    learnt = sum(int(each.targets.sum()) for each in found.examples)
    assert learnt == sum(map(len, written))


def test_thoughts_are_learnt_where_a_model_thinks(tmp_path: Path) -> None:
    folder = chat_models.write_folder(tmp_path / "m", None, chat_models.OPENED)
    tokenizer = load_tokenizer(folder)
    assert isinstance(tokenizer, HuggingFaceTokenizer)
    chat = open_format(tokenizer, "model")()
    try:
        apart = talk("Hi", "the end", thought="He greets.")
        inside = talk("Hi", "<think>\nHe greets.\n</think>\n\nthe end")
        for sample in (apart, inside):
            (example,) = encoded((tokenizer, chat), sample).examples
            ids = [int(each) for each in example.ids[example.targets]]
            end = tokenizer.added["</think>"]
            assert tokenizer.decode(ids[: ids.index(end)]).strip() == "He greets."
            assert tokenizer.decode(ids[ids.index(end) + 1 :]).strip() == "the end"
    finally:
        chat.close()


def test_a_reply_too_long_loses_its_end(any_model: tuple[Any, ChatFormat]) -> None:
    sample = talk("Hi", "Hello " * 50)
    (whole,) = encoded(any_model, sample).examples
    prompt = int(whole.targets.argmax())
    found = encoded(any_model, sample, most=prompt + 5)
    (example,) = found.examples
    assert list(example.ids) == list(whole.ids[: prompt + 5])
    assert example.targets.sum() == 5 and found.cut == 1
    assert found.cut_tokens == len(whole) - prompt - 5
    assert encoded(any_model, sample, most=prompt).left_out == ["here"]


def test_what_a_template_refuses_is_named(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}{% if 'bad' in m.content %}"
        "{{ raise_exception('no such word') }}{% endif %}{% endfor %}"
        + chat_models.CHATML
    )
    tokenizer = load_tokenizer(chat_models.write_folder(tmp_path, None, template))
    chat = open_format(tokenizer, "model")()
    try:
        with pytest.raises(ModelError, match=r"here: .*no such word"):
            encoded((tokenizer, chat), talk("Hi", "Hello"), talk("a bad one", "Hello"))
    finally:
        chat.close()


def test_texts_are_learnt_whole(model: tuple[Any, ChatFormat]) -> None:
    tokenizer, chat = model
    found = encoded(model, sample_of({"text": "A tale of long ago."}, "here"))
    (example,) = found.examples
    *ids, end = list(example.ids)
    assert ids == encode_raw(tokenizer, "A tale of long ago.") and end in chat.stop_ids
    assert example.targets[1:].all() and not example.targets[0]
    assert len(encoded(model, found.samples[0], most=4).examples[0]) == 4
