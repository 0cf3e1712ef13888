"""Who wrote the replies of other programs' files, as far as these tell."""

import copy
from pathlib import Path
from typing import Any

import pytest
from foreign_exports import FOREIGN, read, reply

from genesis_chat.chat.speakers import speaker_of_message
from genesis_chat.history import Store
from genesis_chat.history.exchange import read_import, write_file
from genesis_chat.speaker import speaker_of


def with_model(kind: str, **fields: Any) -> dict[str, Any]:
    """A conversation of a kind whose replies have these fields."""
    value = copy.deepcopy(FOREIGN[kind])
    holder = value.get("chat", value)
    messages = holder.get("chat_messages") or holder.get("messages")
    messages = messages or list(holder["history"]["messages"].values())
    for message in messages:
        by = message.get("sender") or message.get("role")
        if by not in ("human", "user", "User", "system"):
            message |= fields
    return value


@pytest.mark.parametrize(
    ("value", "model"),
    [
        (reply(metadata={"model_slug": "gpt-4o"}), "gpt-4o"),
        (reply(metadata={"model_slug": 4}), "ChatGPT"),
        (reply(), "ChatGPT"),
        (FOREIGN["claude"], "Claude"),
        (with_model("claude", model="claude-3-opus"), "claude-3-opus"),
        (FOREIGN["open-webui"], "Open WebUI"),
        (with_model("open-webui", model="llama3.1:8b"), "llama3.1:8b"),
        (with_model("open-webui", model="x", modelName="Llama\n 3.1"), "Llama 3.1"),
        (FOREIGN["librechat"], "GPT-4"),
        (with_model("librechat", model="gpt-4o-mini"), "gpt-4o-mini"),
        (with_model("librechat", model="agent_7", sender="Cook"), "Cook"),
        (with_model("plain", model="phi-3"), "phi-3"),
        ({**FOREIGN["plain"], "model": "phi-3"}, "phi-3"),
        (FOREIGN["plain"], None),
    ],
)
def test_who_wrote_a_reply(value: Any, model: str | None, tmp_path: Path) -> None:
    (found,), notes = read(tmp_path / "file", [value])
    assert not notes
    for message in found.messages:
        receipt = message.receipt
        wrote = receipt.model if receipt else None
        assert wrote == (model if message.role == "assistant" else None)
        # Nothing is made up of how it was written.
        assert receipt is None or (receipt.reply_tokens, receipt.seed) == (0, None)
    with Store.open(tmp_path / "history.sqlite3") as store:
        store.merge([found])
        (kept,) = store.conversations()
        shown = [speaker_of_message(m) for m in store.branch(kept.id)]
        assert shown[0] == "You" and store.check() == []
        assert shown[-1] == (speaker_of(model) if model else "Reply")
        # It survives our own format.
        write_file([(kept, store.messages(kept.id))], "json", tmp_path / "out.json")
    again = read_import(tmp_path / "out.json")[0]
    assert [m.receipt for m in again.messages] == [m.receipt for m in found.messages]
