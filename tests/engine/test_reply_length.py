"""How long a reply may get where nobody says: as long as fits."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from loaded import loaded
from terminal import call

from backends.genesis.constants import SAMPLING
from genesis_chat import Genesis
from genesis_chat.engine import LocalEngine
from genesis_chat.engine.plan import FREE_SHARE, LEAST_LONGEST, Planner
from genesis_chat.engine.protocol import Request
from genesis_chat.history import Store
from genesis_chat.settings import GenerationSettings

# Every token is as likely as any other: such a reply does not end by itself.
WILD = ("--temp", "50", "--top-k", "0", "--top-p", "1", "--seed", "1")


def told(*arguments: str) -> dict[str, object]:
    found = call("ask", "x", "--json", "-n", *WILD, *arguments)
    assert found.code == 0, found.err
    reply: dict[str, object] = json.loads(found.out)
    return reply


@pytest.mark.parametrize(
    ("context", "longest"),
    [(256, 512), (1024, 512), (2048, 512), (4096, 1024), (131_072, 32_768)],
)
def test_a_quarter_of_the_context_and_512_at_least(
    genesis: Genesis, context: int, longest: int
) -> None:
    planner = Planner(loaded(genesis).format, context)
    request = Request("x", GenerationSettings(), "", ())
    assert planner.longest(request) == longest
    bounded = Request("x", GenerationSettings(max_tokens=7), "", ())
    assert planner.longest(bounded) == 7
    # Whatever it may become, old exchanges make room for a quarter at most.
    assert planner.context(request).room == context - context // 4


def test_the_documentation_says_so() -> None:
    root = Path(__file__).parents[2]
    for name in ("README.md", "docs/command-line.md"):
        text = (root / name).read_text("utf-8")
        assert f"a quarter of the model's context, and at least {LEAST_LONGEST}" in text
    assert FREE_SHARE == 4
    shown = {each.name: getattr(SAMPLING, each.name) for each in fields(SAMPLING)}
    words = "top-k {top_k}, top-p {top_p}, repetition penalty {repetition_penalty}"
    assert f"temperature {SAMPLING.temperature}, {words.format(**shown)}" in text


def test_it_is_not_cut_after_150(home: Path) -> None:
    reply = told()
    assert reply["finish_reason"] == "length" and reply["reply_tokens"] == 512
    settings = reply["settings"]
    assert isinstance(settings, dict) and settings["max_tokens"] == 512


def test_options_settings_and_auto(home: Path) -> None:
    assert told("--max-tokens", "3")["reply_tokens"] == 3
    assert call("config", "set", "max_tokens", "4").code == 0
    assert told()["reply_tokens"] == 4
    assert told("--max-tokens", "auto", "--seed", "1")["reply_tokens"] == 512
    said = call("config", "set", "max_tokens", "auto")
    assert said.code == 0 and "max_tokens is now auto." in said.err
    assert (home / "config.toml").read_text() == 'max_tokens = "auto"\n'
    assert call("config", "get", "max_tokens").out == "auto\n"
    assert call("config", "get", "max_tokens", "--json").out == "null\n"
    assert "max_tokens           auto" in call("config", "list").out
    assert told("--max-tokens", "5")["reply_tokens"] == 5
    call("config", "unset", "max_tokens")
    assert call("config", "get", "max_tokens").out == "auto\n"


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "automatic", "none"])
def test_what_is_no_length_is_refused(value: str, home: Path) -> None:
    found = call("ask", "x", "--max-tokens", value)
    assert found.code == 2
    found = call("config", "set", "max_tokens", value)
    assert found.code == 2 and "max_tokens" in found.err
    (home / "config.toml").write_text(f'max_tokens = "{value}"\n')
    found = call("config", "list")
    assert found.code == 2 and "or auto" in found.err


def test_the_line_chat_shows_and_takes_it() -> None:
    lines = ("/set", "/set max_tokens 2", "hello", "/set max_tokens auto", "/set")
    found = call("chat", "--plain", *WILD, stdin="\n".join(lines))
    assert found.code == 0
    assert found.err.count("max_tokens auto\n") == 2
    assert "max_tokens is 2." in found.err and "max_tokens is auto." in found.err
    assert "stopped after 2 tokens" in found.err


def test_from_python(genesis: Genesis) -> None:
    wild = GenerationSettings(temperature=50, top_k=0, top_p=1, seed=1)
    session = genesis.session("")
    assert isinstance(session.engine, LocalEngine)
    reply = genesis.reply("x", temperature=50, top_k=0, top_p=1, seed=1)
    assert reply.reply_tokens == 512 == reply.settings.max_tokens
    assert wild.max_tokens is None
    assert genesis.reply("x", max_tokens=None, temperature=0).finish_reason == "stop"


def test_the_context_ends_it_before(genesis: Genesis) -> None:
    question = "word " * 700
    reply = genesis.reply(question, temperature=50, top_k=0, top_p=1, seed=1)
    assert reply.finish_reason == "context"
    assert reply.prompt_tokens + reply.reply_tokens == genesis.model.context


def test_receipts_say_what_it_was_and_old_ones_are_read(
    home: Path, tmp_path: Path
) -> None:
    call("ask", "hello", "--temp", "0")
    with Store.open() as store:
        latest = store.latest()
        assert latest
        receipt = store.messages(latest.id)[1].receipt
    assert receipt and receipt.settings["max_tokens"] == 512
    file = tmp_path / "chat.json"
    assert call("history", "export", "--all", "--format", "json", "-o", file).code == 0
    for length in ("150", "null"):
        text = file.read_text().replace('"max_tokens": 512', f'"max_tokens": {length}')
        other = tmp_path / f"{length}.json"
        other.write_text(text)
        with Store.open() as store:
            before = {each.id for each in store.conversations()}
        assert call("history", "import", "--again", other).code == 0
        with Store.open() as store:
            (latest,) = (c for c in store.conversations() if c.id not in before)
            kept = store.messages(latest.id)[1].receipt
        assert kept and kept.settings["max_tokens"] == json.loads(length)
