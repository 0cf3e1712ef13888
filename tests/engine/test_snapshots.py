"""States on disk: a reopened conversation goes on exactly, whatever became of them."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from loaded import loaded
from running import engine_of

from genesis_chat import Genesis
from genesis_chat.chat import Chat
from genesis_chat.engine import Finished, Reply, Snapshots
from genesis_chat.history import Store
from genesis_chat.settings import GenerationSettings

OFF: frozenset[str] = frozenset()
SETTINGS = GenerationSettings(temperature=0, repetition_penalty=1, max_tokens=30)


def say(genesis: Genesis, folder: Path, text: str, **changes: object) -> Reply:
    """One turn of the latest conversation, in a program of its own."""
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    with Store.open(folder / "history.sqlite3") as store:
        chat = Chat(engine_of(genesis, store), store, store.latest())
        (reply,) = (
            event.reply
            for event in chat.reply(text, settings)
            if isinstance(event, Finished)
        )
    return reply


def files(folder: Path) -> list[Path]:
    return sorted((folder / "snapshots").glob("*"))


@pytest.mark.parametrize("ttt", [False, True])
@pytest.mark.parametrize("limit", [30, 4])
def test_reopened_it_reads_only_the_new_message(
    limit: int, ttt: bool, genesis: Genesis, tmp_path: Path
) -> None:
    """Also when the reply ended by its length: its last token was not read then."""
    first = say(genesis, tmp_path, "My name is Bob.", max_tokens=limit, ttt=ttt)
    assert first.finish_reason == ("stop" if limit == 30 else "length")
    second = say(genesis, tmp_path, "What is my name?", ttt=ttt)
    known = first.prompt_tokens + first.reply_tokens
    assert second.prefilled_tokens <= second.prompt_tokens - known + 1
    assert "Bob" in second.text or limit == 4


def test_a_state_with_test_time_training_is_another_one(
    genesis: Genesis, tmp_path: Path
) -> None:
    say(genesis, tmp_path, "Hello!", ttt=False)
    reply = say(genesis, tmp_path, "How are you?", ttt=True)
    assert reply.prefilled_tokens == reply.prompt_tokens
    again = say(genesis, tmp_path, "Thank you!", ttt=True)
    assert again.prefilled_tokens < again.prompt_tokens


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "empty", "folder"])
def test_without_a_whole_snapshot_it_reads_again(
    damage: str, genesis: Genesis, tmp_path: Path
) -> None:
    say(genesis, tmp_path, "My name is Bob.")
    (file,) = files(tmp_path)
    data = bytearray(file.read_bytes())
    match damage:
        case "missing":
            file.unlink()
        case "cut":
            file.write_bytes(data[:-100])
        case "empty":
            file.write_bytes(b"")
        case "folder":
            file.unlink()
            file.mkdir()
        case "flipped":
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
    reply = say(genesis, tmp_path, "What is my name?")
    assert reply.prefilled_tokens == reply.prompt_tokens
    assert "Bob" in reply.text


def test_a_snapshot_of_another_model_is_not_used(
    genesis: Genesis, tmp_path: Path
) -> None:
    say(genesis, tmp_path, "Hello!")
    other = Genesis(replace(loaded(genesis), sha256="0" * 64))
    reply = say(other, tmp_path, "How are you?")
    assert reply.prefilled_tokens == reply.prompt_tokens


def test_they_are_private(genesis: Genesis, tmp_path: Path) -> None:
    say(genesis, tmp_path, "Hello!")
    (file,) = files(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_least_recently_used_go_first(genesis: Genesis, tmp_path: Path) -> None:
    model = loaded(genesis)
    state = model.new_state(())
    ids = list(range(10, 30))
    settings = replace(SETTINGS, max_tokens=1, seed=0).resolved(model.sampling)
    list(model.generate(ids, state, [], settings))
    Snapshots(tmp_path / "one").save(model, state, OFF, ids)
    (size,) = (path.stat().st_size for path in (tmp_path / "one").iterdir())

    def found(snapshots: Snapshots, ids: list[int]) -> bool:
        return snapshots.longest(model, OFF, ids, [len(ids)]) is not None

    kept = Snapshots(tmp_path / "some", limit=3 * size)
    texts = [[*ids[:-1], n] for n in range(5)]
    for number, text in enumerate(texts):
        kept.save(model, state, OFF, text)
        if number >= 1:
            assert found(kept, texts[0])
    assert len(list((tmp_path / "some").iterdir())) == 3
    assert [found(kept, text) for text in texts] == [True, False, False, True, True]


def test_a_folder_that_cannot_be_written_costs_nothing(
    genesis: Genesis, tmp_path: Path
) -> None:
    (tmp_path / "snapshots").write_text("in the way")
    assert say(genesis, tmp_path, "My name is Bob.").text
    assert "Bob" in say(genesis, tmp_path, "What is my name?").text
