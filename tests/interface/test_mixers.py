"""The mixers, live: the panel, and the transcript as forgetting attention sees it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from desk import Desk
from loaded import loaded
from textual.widgets import Static
from turns import GREEDY, WILD

from genesis_chat import Genesis
from genesis_chat.engine import LocalEngine, MixerReadings, Request
from genesis_chat.tui.mixers import MixersPanel, Trace
from genesis_chat.tui.mixers.charts import bar, count, curve, span

Sit = Callable[..., None]
BOB = "My name is Bob."


def page(desk: Desk) -> str:
    return str(desk.app.screen.query_one("#mixers", Static).render())


def readings_of(genesis: Genesis, ttt: bool) -> list[MixerReadings]:
    engine = LocalEngine(loaded(genesis))
    request = Request(BOB, replace(GREEDY, ttt=ttt, max_tokens=20), readings=True)
    return [e for e in engine.reply(request) if isinstance(e, MixerReadings)]


def test_the_panel_shows_every_layer_of_the_reply(
    sit_down: Sit, genesis: Genesis
) -> None:
    kinds = loaded(genesis).language_model.network.args.layer_kinds
    layers, fox = len(kinds), kinds.count("fox")

    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        assert "next reply" in page(desk)
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in page(desk))
        text = page(desk)
        gla_part, _, rest = text.partition("Forgetting attention")
        assert len([r for r in gla_part.splitlines() if r[:2].strip().isdigit()]) == (
            layers - fox
        )
        fox_part = rest.partition("Test-time training")[0]
        contexts, _, gates = fox_part.partition("forget gates")
        heads = loaded(genesis).language_model.network.args.n_head
        for part in (contexts, gates):
            rows = [r for r in part.splitlines() if r[:2].strip().isdigit()]
            assert len(rows) == fox
            assert all(len(row.split()[1]) == heads for row in rows)
        assert "Off. /set ttt on" in text
        await desk.press("f5")
        assert not desk.chat.panel.display
        assert desk.chat.composer.has_focus

    sit_down(visit)


def test_test_time_training_has_its_curves_once_it_is_on(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        desk.chat.composer.write("/set ttt on")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.settings.ttt)
        await desk.say(BOB)
        await desk.until(lambda: "confidence" in page(desk))
        for name in ("surprise  ", "confidence", "mixing    "):
            assert any(row.startswith(name) for row in page(desk).splitlines()), name

    sit_down(visit)


def test_readings_are_asked_for_only_while_they_are_shown(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        assert desk.chat.trace.last is None
        desk.chat.composer.write("/mixers")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.panel.display)
        await desk.turn("ctrl+r")
        assert desk.chat.trace.last is not None
        await desk.press("ctrl+n")
        assert desk.chat.trace.last is None
        await desk.until(lambda: "next reply" in page(desk))

    sit_down(visit)


def test_messages_fade_with_what_forgetting_attention_still_sees(
    sit_down: Sit,
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.say("What is my name?")
        await desk.press("f6")
        await desk.say("And what is yours?")
        last = desk.chat.trace.last
        assert last is not None and len(last.starts) == 6
        await desk.until(lambda: all(v.remaining is not None for v in desk.views))
        weights = last.remaining.mean((0, 1))
        ends = (*last.starts[1:], len(weights))
        for view, start, end in zip(desk.views, last.starts, ends, strict=True):
            assert view.remaining is not None
            np.testing.assert_allclose(
                view.remaining, weights[start:end].mean(), rtol=1e-5
            )
        first = desk.views[0]
        assert f"seen {first.remaining:.0%}" in desk.seen()
        assert any(name.startswith("-seen-") for name in first.classes)
        await desk.press("f6")
        assert all(v.remaining is None for v in desk.views)
        assert "seen " not in desk.seen()

    sit_down(visit, size=(120, 60))


def test_a_message_that_left_the_context_is_not_seen_at_all(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f6")
        while desk.chat.context is None or not desk.chat.context.left_out:
            await desk.say("word " * 300)
            assert len(desk.views) < 40
        assert desk.chat.trace.seen()
        left = 2 * desk.chat.context.left_out
        seen = desk.chat._seen()
        ids = [m.id for m in desk.chat.branch]
        # The gauge already tells of the next prompt, so not all of these have left.
        gone = [n for n, id in enumerate(ids) if seen[id] == 0.0]
        assert gone == list(range(len(gone))) and len(gone) <= left
        assert len(ids) - len(gone) == len(desk.chat.trace.seen())

    sit_down(visit)


def test_a_chat_that_is_looked_at_meanwhile_gets_no_readings(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.trace.last)
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.chat.conversation is None)

        def over() -> bool:
            assert desk.chat.trace.last is None
            return not desk.app.turns.busy

        assert not over()
        await desk.until(over)
        await desk.idle()
        assert over()

    # Long enough not to be over before the other chat is there.
    sit_down(visit, model="slow", settings=replace(WILD, max_tokens=150))


def test_the_panel_fits_into_80_columns(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in desk.seen())
        assert desk.chat.panel.region.right <= 80
        assert desk.chat.composer.region.width >= 36
        assert not desk.chat.sidebar.display
        desk.chat.query_one(MixersPanel).focus()
        await desk.press("end")
        await desk.until(lambda: "Test-time training" in desk.seen())

    sit_down(visit, size=(80, 24))


def test_a_trace_tells_what_the_readings_say(genesis: Genesis) -> None:
    steps = readings_of(genesis, ttt=True)
    trace = Trace()
    for step in steps:
        trace.take(step)
    decay = np.concatenate([s.decay for s in steps], 1)[:, -64:]
    expected = np.log(0.5) / np.log(decay).mean(1)
    np.testing.assert_allclose(trace.half_life, expected, rtol=1e-4)
    log_forget = np.concatenate([s.log_forget for s in steps], 1)
    np.testing.assert_allclose(
        trace.gate, np.exp(log_forget[:, -64:].mean(1)), rtol=1e-4
    )
    # What is left of a token is the product of the gates after it.
    since = np.flip(np.cumsum(np.flip(log_forget, 1), 1), 1)
    reach = 1 + np.exp(since[:, 1:]).sum(1)
    np.testing.assert_allclose(trace.reach, reach, rtol=1e-3)
    assert (
        list(trace.surprise)
        == [float(v) for s in steps if s.surprise is not None for v in s.surprise][
            -256:
        ]
    )


def test_a_trace_without_test_time_training_has_no_curve(genesis: Genesis) -> None:
    trace = Trace()
    for step in readings_of(genesis, ttt=True) + readings_of(genesis, ttt=False):
        trace.take(step)
    assert not trace.surprise and not trace.confidence and not trace.mix


def test_gates_that_never_close_or_never_open_have_numbers() -> None:
    zero = np.zeros((1, 1, 2), np.float32)
    decay = np.array([[[1.0, 0.0]]], np.float32)
    remaining = np.ones((1, 2, 1), np.float32)
    trace = Trace()
    trace.take(MixerReadings(decay, zero, remaining, None, None, None, (0,)))
    keeps, forgets = trace.half_life[0]
    assert count(float(keeps)) == "∞" and float(forgets) < 0.1
    assert trace.seen() == [1.0]


def test_charts() -> None:
    assert bar(1, 1, 100) == "▁" and bar(100, 1, 100) == "█" and bar(0, 1, 9) == "▁"
    assert bar(float("inf"), 1, 100) == "█" and bar(10, 1, 100) == "▅"
    assert curve([0, 0], 4) == "▁▁" and curve([], 4) == ""
    assert curve([9, 0, 1, 2], 3) == "▁▅█"
    assert [count(n) for n in (0.25, 9.94, 9.96, 340.4, 12_345)] == [
        "0.2",
        "9.9",
        "10",
        "340",
        "12k",
    ]
    assert span([5.0]) == "5.0" and span([2.0, 300.0]) == "2.0 to 300"
