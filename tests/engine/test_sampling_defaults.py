"""Sampling that nobody sets is the model's own, and receipts keep what it was."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from families import write_chat_model
from terminal import call
from turns import finished

from genesis_chat import Genesis
from genesis_chat.chat import Chat
from genesis_chat.engine import LoadedModel, LocalEngine, Request, open_model
from genesis_chat.history import Store
from genesis_chat.model_choice import ModelChoice
from genesis_chat.settings import SAMPLING, GenerationOptions, GenerationSettings

OWN: dict[str, Any] = {
    "temperature": 1.5,
    "top_k": 7,
    "top_p": 0.8,
    "min_p": 0.01,
    "repetition_penalty": 1.2,
}
AUTO = GenerationSettings(max_tokens=6, seed=3)
EXPLICIT = GenerationSettings(max_tokens=6, seed=3, **OWN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mlx_lm", reason="mlx-lm writes the model")
    folder = write_chat_model(tmp_path_factory.mktemp("own") / "tiny", "llama")
    (folder / "generation_config.json").write_text(json.dumps({**OWN, "x": 1}))
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Iterator[LoadedModel]:
    choice = ModelChoice(backend="cpu", dtype="float32")
    model = open_model(folder, sha256="ab" * 32, choice=choice)
    yield model
    model.format.close()


def test_auto_is_what_the_makers_state(model: LoadedModel) -> None:
    auto, explicit, other = (
        finished(LocalEngine(model).reply(Request("the", settings)))
        for settings in (AUTO, EXPLICIT, replace(AUTO, temperature=0.0))
    )
    assert auto.settings == EXPLICIT == explicit.settings
    assert auto.token_ids == explicit.token_ids
    assert auto.log_probabilities == explicit.log_probabilities
    assert other.settings == replace(EXPLICIT, temperature=0.0)


def test_receipts_keep_the_values_from_the_start(
    model: LoadedModel, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(LocalEngine(model), store)
        events = chat.reply("the", AUTO)
        next(events)
        assert chat.head
        begun = store.message(chat.head).receipt
        assert begun and {name: begun.settings[name] for name in SAMPLING} == OWN
        events.close()


def test_a_reply_goes_on_as_it_was_drawn(model: LoadedModel, tmp_path: Path) -> None:
    """Also one from the time when nothing was the model's own."""
    was = replace(AUTO, temperature=0.9, top_k=50, top_p=0.9, min_p=0.0)
    was = replace(was, repetition_penalty=1.05, max_tokens=12)
    engine = LocalEngine(model)
    with Store.open(tmp_path / "history.sqlite3") as store:
        whole = finished(Chat(engine, store).reply("he", was))
        assert whole.reply_tokens == 12
        chat = Chat(engine, store)
        cut = finished(chat.reply("he", replace(was, max_tokens=5)))
        assert chat.head and whole.token_ids[:5] == cut.token_ids
        rest = finished(chat.resume(chat.head, GenerationSettings(max_tokens=7)))
        assert rest.token_ids == whole.token_ids
        assert rest.settings.repetition_penalty == 1.05


def test_an_odd_receipt_does_not_stop_it(model: LoadedModel, tmp_path: Path) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        chat = Chat(LocalEngine(model), store)
        finished(chat.reply("the", replace(AUTO, max_tokens=2)))
        assert chat.head
        message = store.message(chat.head)
        assert message.receipt
        odd = replace(message.receipt, settings={"top_p": "x", "top_k": -4})
        store.resume_reply(message.id, odd).finish("interrupted", odd)
        reply = finished(chat.resume(chat.head, replace(AUTO, seed=None)))
        assert (reply.settings.top_p, reply.settings.top_k) == (0.8, 7)


def test_genesis_draws_as_its_reference(genesis: Genesis) -> None:
    reference: GenerationOptions = {
        "temperature": 0.7,
        "top_k": 50,
        "top_p": 0.9,
        "min_p": 0.0,
        "repetition_penalty": 1.05,
        "seed": 11,
        "max_tokens": 12,
    }
    story = "Tell me a story"
    auto = genesis.reply(story, seed=11, max_tokens=12)
    explicit = genesis.reply(story, **reference)
    assert auto.token_ids == explicit.token_ids
    assert auto.settings == explicit.settings
    told = genesis.reply(story, seed=11, max_tokens=12, temperature=None, top_k=None)
    assert told.token_ids == auto.token_ids


def test_a_value_that_cannot_be_is_a_warning(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "odd"
    other.mkdir()
    for file in folder.iterdir():
        (other / file.name).symlink_to(file)
    (other / "generation_config.json").unlink()
    (other / "generation_config.json").write_text('{"top_p": 3, "temperature": 0.2}')
    model = open_model(other, choice=ModelChoice(backend="cpu", dtype="float32"))
    model.format.close()
    assert any("top_p" in warning for warning in model.warnings)
    assert (model.sampling.temperature, model.sampling.top_p) == (0.2, 0.9)


def test_info_shows_the_models_own(folder: Path, home: Path) -> None:
    told = call("models", "info", str(folder), "--json")
    assert json.loads(told.out)["sampling"] == OWN
    text = call("models", "info", str(folder)).out
    assert "temperature 1.5, top_k 7, top_p 0.8" in text
    assert "repetition_penalty 1.05" in call("models", "info", "builtin").out
