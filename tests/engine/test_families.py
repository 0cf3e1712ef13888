"""Conversations with models of many families: what is kept is as if read anew."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slow import slow, slow_but
from tolerances import SPLIT, SPLIT_CODES, max_difference
from turns import finished

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

from families import FAMILIES, write_chat_model

from genesis_chat.chat import Chat
from genesis_chat.engine import (
    Context,
    Engine,
    Event,
    Finished,
    LoadedModel,
    LocalEngine,
    ModelFacts,
    Reply,
    Request,
    Snapshots,
    WorkerEngine,
    open_model,
)
from genesis_chat.history import Store
from genesis_chat.model_choice import ModelChoice
from genesis_chat.settings import GenerationSettings

GREEDY = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=8, seed=0)
DRAWN = replace(GREEDY, temperature=1.0, seed=5)
SHA256 = "ab" * 32
PACKED = {"bits": 4, "group_size": 32}
# Family, backend, dtype, and how it is written.
MODELS: list[tuple[str, str, str, dict[str, Any]]] = [
    *((family, "mlx", "float32", {}) for family in FAMILIES),
    *((f, "cpu", "float32", {}) for f in ("llama", "mistral", "qwen2", "qwen3")),
    ("llama", "cpu", "int8", {}),
    ("qwen3", "cpu", "int8", {**PACKED, "shards": 2}),
    ("qwen3", "mlx", "float32", {"shards": 3}),
    ("llama", "mlx", "float32", {**PACKED, "shards": 2}),
    ("phi3", "mlx", "float32", {**PACKED, "bits": 8}),
    ("lfm2", "mlx", "float32", PACKED),
    ("mistral", "mlx", "float32", {**PACKED, "mode": "mxfp4"}),
    ("gemma3_text", "mlx", "bfloat16", {}),
]
# One of each kind of state, and of each backend.
FEW: list[tuple[str, str, str, dict[str, Any]]] = [
    *((f, "mlx", "float32", {}) for f in ("llama", "gemma3_text", "qwen3_next")),
    *((f, "mlx", "float32", {}) for f in ("mamba2", "lfm2")),
    ("qwen3", "cpu", "int8", {**PACKED, "shards": 2}),
    ("llama", "cpu", "float32", {}),
]


class Listening:
    """An engine that remembers what it was asked and what came of it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heard: list[tuple[Request, Reply]] = []

    @property
    def model(self) -> ModelFacts:
        return self.engine.model

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        with closing(self.engine.reply(request, cancelled)) as events:
            for event in events:
                if isinstance(event, Finished):
                    self.heard.append((request, event.reply))
                yield event

    def context(self, request: Request) -> Context:
        return self.engine.context(request)

    def close(self) -> None:
        self.engine.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "history.sqlite3") as store:
        yield store
        assert store.check() == []


@pytest.fixture
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoadedModel]:
    family, backend, dtype, written = request.param
    folder = write_chat_model(tmp_path / family, family, **written)
    choice = ModelChoice(backend=backend, dtype=dtype)
    model = open_model(folder, sha256=SHA256, choice=choice)
    assert (model.backend, model.dtype) == (backend, dtype)
    yield model
    model.format.close()


def known(reply: Reply) -> int:
    """Tokens of the prompt that were not read."""
    return reply.prompt_tokens - reply.prefilled_tokens


def end(reply: Reply) -> int:
    """What a state after a reply has read for certain."""
    return reply.prompt_tokens + reply.reply_tokens - 1


def name(model: tuple[str, str, str, dict[str, Any]]) -> str:
    family, backend, dtype, written = model
    return "-".join([family, backend, dtype, *(f"{k}{v}" for k, v in written.items())])


@pytest.mark.parametrize("model", slow_but(FEW, MODELS), ids=name, indirect=True)
def test_a_conversation_reads_only_what_is_new(
    model: LoadedModel, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshots"
    engine = Listening(LocalEngine(model, Snapshots(folder)))
    chat = Chat(engine, store)
    one = finished(chat.reply("Hello, who are you?", GREEDY))
    two = finished(chat.reply("And where?", DRAWN))
    three = finished(chat.reply("Since when?", GREEDY))
    assert chat.conversation is not None
    branch = store.branch(chat.conversation.id, chat.head)
    # Regenerated twice, so that a state is not used up by the first.
    again = [finished(chat.regenerate(branch[5].id, GREEDY)) for _ in range(2)]
    edited = finished(chat.edit(branch[2].id, "Why?", GREEDY))
    chat.select(branch[5].id)
    cut = finished(chat.reply("Go on.", replace(DRAWN, max_tokens=3)))

    # Another engine, as after a new start, knows only what is on the disk.
    other = Listening(LocalEngine(model, Snapshots(folder)))
    opened = Chat(other, store, store.latest())
    head = store.branch(chat.conversation.id, opened.head)[-1]
    resumed = [finished(opened.resume(head.id, replace(DRAWN, max_tokens=5)))]
    copy = Chat(other, store, opened.branch_off(branch[3].id))
    branched = finished(copy.reply("Since when?", GREEDY))

    assert [each.token_ids for each in again] == [three.token_ids] * 2
    assert branched.token_ids == three.token_ids
    assert resumed[0].token_ids[:3] == cut.token_ids
    assert model.features.can_copy and model.features.can_save
    assert known(one) == 0
    assert known(two) >= end(one) and known(three) >= end(two)
    assert all(known(each) >= end(two) for each in again)
    # An empty reply has no place in a prompt at which a file would be looked for.
    assert known(branched) >= (end(two) if two.text else end(one))
    assert known(edited) >= end(one) and known(cut) >= end(three)
    assert resumed[0].prefilled_tokens <= 1
    for request, reply in [*engine.heard, *other.heard]:
        anew = finished(LocalEngine(model).reply(request))
        assert anew.prefilled_tokens == anew.prompt_tokens + len(request.begun)
        assert anew.token_ids == reply.token_ids
        tolerance = {"bfloat16": 0.1, "int8": SPLIT_CODES}.get(model.dtype, SPLIT)
        assert (
            max_difference(anew.log_probabilities, reply.log_probabilities) <= tolerance
        )


@pytest.mark.parametrize(
    ("family", "backend"),
    [("smollm3", "cpu"), slow("qwen3_next", "auto"), slow("gpt_oss", "auto")],
)
def test_another_process_goes_on_from_the_disk(
    family: str, backend: str, store: Store, tmp_path: Path
) -> None:
    folder = write_chat_model(tmp_path / family, family)
    choice = ModelChoice(backend=backend, dtype="float32")  # type: ignore[arg-type]
    states = Snapshots(tmp_path / "snapshots")
    replies = []
    for content in ("Hello, who are you?", "And where?", "Since when?"):
        with closing(WorkerEngine(folder, family, SHA256, states, choice)) as engine:
            chat = Chat(engine, store, store.latest())
            replies.append(finished(chat.reply(content, GREEDY)))
    assert known(replies[1]) >= end(replies[0])
    assert known(replies[2]) >= end(replies[1])
    model = open_model(folder, family, SHA256, choice)
    session = Chat(LocalEngine(model), store)
    for content, reply in zip(
        ("Hello, who are you?", "And where?", "Since when?"), replies, strict=True
    ):
        assert finished(session.reply(content, GREEDY)).token_ids == reply.token_ids
    model.format.close()
