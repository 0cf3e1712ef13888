"""What the mixers and the colours of tokens look like, in three sizes and two themes.

The readings have the shape of the released model: 23 layers of GLA, 7 of FoX, 9 heads.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from desk import Desk
from pictures import compare
from slow import slow, slow_after

from genesis_chat.engine import MixerReadings, PromptTokens, Text
from genesis_chat.engine.controls import Likelihood
from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.tui.services.turns import Turns

Sit = Callable[..., None]
SIZES = {"small": (80, 24), "large": (120, 36), "wide": (200, 60)}
THEMES = {"dark": "genesis-dark", "light": "genesis-light"}
# Long ago, so that the list has it in the same group for ever.
MARCH = 1_709_294_400_000
SAID = (
    "Hello. My name is Bob and I live in Lisbon.",
    "Nice to meet you, **Bob**. Lisbon is a fine place to live in.",
    "What is the capital of Portugal?",
    "The capital of Portugal is *Lisbon*.",
    "And what is my name?",
    "Your name is Bob \U0001f389, and I wrote it down:\n\n1. Bob\n2. Lisbon",
)
# What opens and closes a message in the model's format, in tokens.
OPENS, CLOSES = ("", "user", "\n"), ("\n", "")
FOX = tuple(range(4, 31, 4))
GLA = tuple(layer for layer in range(1, 31) if layer not in FOX)


def prompt() -> PromptTokens:
    texts: list[str] = []
    starts = []
    for said in SAID:
        starts.append(len(texts))
        # A word with its space is a token here.
        words = [f" {word}" for word in said.split(" ")]
        texts += [*OPENS, words[0].strip(), *words[1:], *CLOSES]
    return PromptTokens(tuple(texts), tuple(starts))


def readings() -> MixerReadings:
    read = len(prompt().texts)
    layers, heads = np.arange(23)[:, None], np.arange(9)
    half_life = np.exp(np.abs(np.sin(3.7 * layers + 1.3 * heads)) * math.log(2000))
    pace = 0.004 * 2.2 ** (np.arange(7)[:, None] * 5 % 7 + heads / 9)
    past = np.arange(read)[::-1]
    return MixerReadings(
        decay=(0.5 ** (1 / half_life))[:, None].astype(np.float32),
        log_forget=-pace[:, None].astype(np.float32),
        remaining=np.exp(-pace[:, :, None] * past).astype(np.float32),
        surprise=(60 + 60 * np.sin(past / 4)).astype(np.float32),
        confidence=np.linspace(0.2, 0.9, read, dtype=np.float32),
        mix=np.full(read, 0.1, np.float32),
        gla_layers=GLA,
        fox_layers=FOX,
        starts=prompt().starts,
    )


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(Turns, "memory", lambda self: 123_000_000)


@pytest.fixture
def chat(tmp_path: Path) -> str:
    said = [
        NewMessage(
            "assistant" if n % 2 else "user", text, n - 1 if n else None, MARCH + n
        )
        for n, text in enumerate(SAID)
    ]
    with Store.open(tmp_path / "history.sqlite3") as store:
        (made,) = store.insert([NewConversation("My name is Bob", "", said, 5, MARCH)])
    return made.id


async def watched(desk: Desk, *keys: str) -> None:
    """Press keys, and let readings come as if the last reply had brought them."""
    await desk.until(lambda: desk.open.context)
    await desk.press(*keys)
    watch = desk.chat.watching.watch
    watch.take(prompt(), "", in_sight=True)
    watch.take(readings(), "", in_sight=True)
    for message in desk.open.branch[1::2]:
        for n, word in enumerate(message.content.split(" ")):
            likely = -((n * 5) % 8)
            top = Likelihood(b"", likely / 2)
            told = Likelihood(b"", float(likely), (top,))
            spaced = f" {word}" if n else word
            piece = Text(spaced, (n,), (float(likely),), (told,))
            watch.take(piece, message.id, in_sight=True)
    desk.chat.watching.draw()


async def settled(desk: Desk) -> None:
    desk.chat.composer.cursor_blink = False
    desk.chat.workspace.show_memory()
    desk.app.clear_notifications()
    await desk.pilot.wait_for_scheduled_animations()


@pytest.mark.parametrize("theme", slow_after(1, THEMES))
@pytest.mark.parametrize("size", SIZES)
def test_the_panel(sit_down: Sit, chat: str, size: str, theme: str) -> None:
    async def visit(desk: Desk) -> None:
        await watched(desk, "f5")
        await settled(desk)
        await compare(desk, f"mixers-{size}-{theme}")

    sit_down(visit, size=SIZES[size], theme=THEMES[theme], conversation=chat)


@pytest.mark.parametrize(
    ("size", "theme", "key"),
    [
        ("small", "light", "down"),
        slow("large", "dark", "end"),
        slow("wide", "dark", "down"),
    ],
)
def test_a_layer_explained(
    sit_down: Sit, chat: str, size: str, theme: str, key: str
) -> None:
    async def visit(desk: Desk) -> None:
        await watched(desk, "f5")
        desk.chat.panel.focus()
        await desk.press(key, "up", "enter")
        await settled(desk)
        await compare(desk, f"mixers-explained-{size}-{theme}")

    sit_down(visit, size=SIZES[size], theme=THEMES[theme], conversation=chat)


@pytest.mark.parametrize("theme", slow_after(1, THEMES))
@pytest.mark.parametrize("mode", ["attention", "surprise", "certainty"])
def test_the_colours(sit_down: Sit, chat: str, mode: str, theme: str) -> None:
    size = "small" if mode == "certainty" else "large"

    async def visit(desk: Desk) -> None:
        await watched(desk)
        while desk.chat.watching.watch.mode != mode:
            await desk.press("f6")
        await settled(desk)
        await compare(desk, f"colours-{mode}-{theme}")

    sit_down(visit, size=SIZES[size], theme=THEMES[theme], conversation=chat)


def test_without_colours(
    sit_down: Sit, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await watched(desk, "f5", "f6")
        await settled(desk)
        await compare(desk, "mixers-no-color")

    sit_down(visit, size=SIZES["large"], conversation=chat)
