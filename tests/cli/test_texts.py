"""What the command line prints of texts from anywhere: none of it acts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import PAYLOADS, strings
from slow import slow
from terminal import Screen, call

from genesis_chat.cli.main import cli
from genesis_chat.cli.main import run as run_arguments
from genesis_chat.cli.show import notice, write
from genesis_chat.errors import GenesisChatError
from genesis_chat.history import NewConversation, NewMessage, Role, Store

ROLES: tuple[Role, Role] = ("user", "assistant")
ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


@pytest.fixture(params=[100, slow(5000)])
def count(request: pytest.FixtureRequest) -> int:
    """How many strings are generated."""
    return int(request.param)


def test_texts_do_not_act_on_a_terminal(
    home: Path,
    count: int,
    run_here: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """History, prompts and models as the command line prints them."""
    texts = [*PAYLOADS, *strings(count, seed=6)]
    said = [
        NewMessage(ROLES[n % 2], f"q {text}", n - 1 if n else None)
        for n, text in enumerate(texts)
    ]
    with Store.open(home / "history.sqlite3") as store:
        store.insert([NewConversation(text, text) for text in texts])
        store.insert([NewConversation(texts[0], texts[0], said)])
    for name, text in enumerate(PAYLOADS):
        (home / "prompts").mkdir(mode=0o700, exist_ok=True)
        path = home / "prompts" / f"p{name}.md"
        path.write_text(text, encoding="utf-8", errors="replace")
    for arguments in (
        ("history", "list"),
        ("history", "show"),
        ("history", "search", "q", "-l", "5000"),
        ("prompts", "list"),
        *(("prompts", "show", f"p{name}") for name in range(len(PAYLOADS))),
        *(("history", "show", text) for text in PAYLOADS[::3]),
        *(("prompts", "show", text) for text in PAYLOADS[::3]),
        *(("models", "info", text) for text in PAYLOADS[::3]),
        *(("chat", "--plain", "-m", text) for text in PAYLOADS[::3]),
        *(("config", "set", text, text) for text in PAYLOADS[::3]),
    ):
        run_here(*arguments)
        shown = capsys.readouterr()
        assert not ACTS.search(shown.out + shown.err), arguments


@pytest.mark.parametrize("form", ["markdown", "json", "jsonl"])
def test_an_export_to_a_terminal_does_not_act(home: Path, form: str) -> None:
    said = [NewMessage("user", "\n".join(PAYLOADS), None)]
    with Store.open(home / "history.sqlite3") as store:
        store.insert([NewConversation(PAYLOADS[0], PAYLOADS[1], said)])
    with Screen.start("history", "export", "--format", form) as screen:
        assert screen.finish() == 0
        assert "title" in screen.text
        assert not ACTS.search(screen.text)


def test_the_plain_chat_does_not_act(home: Path, count: int) -> None:
    """What is kept, shown once more in a chat line by line."""
    texts = [*PAYLOADS, *strings(count, seed=7)]
    said = [
        NewMessage(ROLES[n % 2], text, n - 1 if n else None)
        for n, text in enumerate([*texts, *texts[: len(texts) % 2]])
    ]
    with Store.open(home / "history.sqlite3") as store:
        store.insert([NewConversation(text, text) for text in texts])
        made = store.insert([NewConversation(texts[0], texts[0], said)])[0]
    arguments = ("chat", "--plain", "--conversation", made.id)
    lines = ("/show", "/chats", "/chats q", "/versions", "/nothing \x1b[2J", "/quit")
    found = call(*arguments, stdin="".join(f"{line}\n" for line in lines))
    assert found.code == 1 and "Reply: " in found.out and "1. " in found.err
    assert not ACTS.search(found.out + found.err)


def test_replies_notices_and_errors_do_not_act(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What streams to standard output, and what is said beside it."""
    for text in [*PAYLOADS, *strings(5000, seed=8)]:

        def fail(*arguments: object, text: str = text, **options: object) -> int:
            raise GenesisChatError(text)

        write(text)
        notice(text)
        monkeypatch.setattr(cli, "main", fail)
        assert run_arguments(["ask", text]) == 1
    shown = capsys.readouterr()
    assert "Error: " in shown.err and shown.out.count("&#8238;") > 100
    assert not ACTS.search(shown.out + shown.err)
