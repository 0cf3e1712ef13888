"""What the picture of the mixers and the colours of tokens are made of."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from loaded import args_of, loaded
from turns import GREEDY

from genesis_chat import Genesis
from genesis_chat.bars import bar
from genesis_chat.engine import (
    LocalEngine,
    MixerReadings,
    PromptTokens,
    Request,
    Text,
    Thought,
)
from genesis_chat.engine.controls import Likelihood
from genesis_chat.tui.mixers.colouring import MOST, Pieces, of_message
from genesis_chat.tui.mixers.explaining import explain
from genesis_chat.tui.mixers.picture import NOT_TOLD, NOTHING, Shown, axis, rows
from genesis_chat.tui.mixers.scales import (
    count,
    on_log_scale,
    tokens,
    top_of_scale,
)
from genesis_chat.tui.mixers.tokens import Tokens
from genesis_chat.tui.mixers.trace import Layer, Trace, resampled
from genesis_chat.tui.widgets.tints import STEPS, Tints, aligned

NONE = np.zeros((0, 0, 0), np.float32)
HIGHEST = STEPS - 1


def readings(
    gla: int = 2, fox: int = 2, heads: int = 3, read: int = 50, **more: Any
) -> MixerReadings:
    """Layers that all forget a tenth of everything with each token."""
    past = np.arange(read, dtype=np.float32)[::-1]
    values: dict[str, Any] = {
        "decay": np.full((gla, 1, heads), 0.9, np.float32),
        "log_forget": np.full((fox, 1, heads), np.log(0.9), np.float32),
        "remaining": np.broadcast_to(0.9**past, (fox, heads, read)).astype(np.float32),
        "surprise": None,
        "confidence": None,
        "mix": None,
    }
    return MixerReadings(**{**values, **more})


def topped(*likely: float) -> tuple[Likelihood, ...]:
    """Tokens with what the likeliest one had there."""
    return tuple(Likelihood(b"", each, (Likelihood(b"", each),)) for each in likely)


def traced(*steps: MixerReadings) -> Trace:
    trace = Trace()
    for step in steps:
        trace.take(step)
    return trace


def drawn(shown: Shown, width: int = 60) -> list[str]:
    return ["".join(cell.text for cell in row.cells) for row in rows(shown, width)]


def test_a_trace_tells_what_the_readings_say(genesis: Genesis) -> None:
    engine = LocalEngine(loaded(genesis))
    request = Request("My name is Bob.", replace(GREEDY, ttt=True), readings=True)
    steps = [e for e in engine.reply(request) if isinstance(e, MixerReadings)]
    trace = traced(*steps)
    decay = np.concatenate([s.decay for s in steps], 1)[:, -64:]
    expected = np.log(0.5) / np.log(decay).mean(1)
    np.testing.assert_allclose(trace.half_life, expected, rtol=1e-4)
    np.testing.assert_allclose(
        trace.median_half_life, np.median(expected, -1), rtol=1e-4
    )
    log_forget = np.concatenate([s.log_forget for s in steps], 1)
    np.testing.assert_allclose(
        trace.gate, np.exp(log_forget[:, -64:].mean(1)), rtol=1e-4
    )
    # What is left of a token is the product of the gates after it.
    since = np.flip(np.cumsum(np.flip(log_forget, 1), 1), 1)
    reach = 1 + np.exp(since[:, 1:]).sum(1)
    np.testing.assert_allclose(trace.reach, reach, rtol=1e-3)
    said = [float(v) for s in steps if s.surprise is not None for v in s.surprise]
    assert list(trace.surprise) == said
    kinds = args_of(genesis).layer_kinds
    for layer in trace.layers[:-1]:
        assert kinds[layer.number - 1] == layer.mixer
    without = readings(gla=6, fox=2, heads=6)
    trace.take(without)
    assert not trace.surprise and not trace.trust and not trace.mix


def test_gates_that_never_close_or_never_open_have_numbers() -> None:
    decay = np.array([[[1.0, 0.0, 1.0]]], np.float32)
    trace = traced(readings(1, 1, decay=decay))
    keeps, forgets, _ = trace.half_life[0]
    assert count(float(keeps)) == "∞" and float(forgets) < 0.1
    assert math.isinf(trace.median_half_life[0])
    picture = "\n".join(drawn(Shown(trace, Tokens())))
    assert "∞ tokens" in picture and "nan" not in picture


@pytest.mark.parametrize(("gla", "fox"), [(0, 0), (0, 2), (3, 0)])
def test_a_model_may_lack_a_kind_of_layer(gla: int, fox: int) -> None:
    more: dict[str, Any] = {} if gla else {"decay": NONE}
    more |= {} if fox else {"log_forget": NONE, "remaining": NONE}
    trace = traced(readings(gla, fox, **more))
    shown = Shown(trace, Tokens())
    picture = "\n".join(drawn(shown))
    assert ("Gated linear attention" in picture) is bool(gla)
    assert ("Forgetting attention" in picture) is bool(fox)
    assert [layer.mixer for layer in trace.layers] == (
        ["gla"] * gla + ["fox"] * fox + ["ttt"]
    )
    for layer in trace.layers:
        assert explain(layer, shown)[1]
    assert len(trace.weights) == (50 if fox else 0)


@pytest.mark.parametrize("read", [1, 2, 96, 2000])
@pytest.mark.parametrize("width", [40, 46, 78, 200])
def test_every_row_fits_whatever_was_read(read: int, width: int) -> None:
    gla_layers = tuple(n for n in range(1, 31) if n % 4)
    trace = traced(
        readings(
            23,
            7,
            9,
            read,
            gla_layers=gla_layers,
            fox_layers=tuple(range(4, 31, 4)),
            surprise=np.arange(read, dtype=np.float32),
            confidence=np.full(read, 0.5, np.float32),
            mix=np.full(read, 0.02, np.float32),
        )
    )
    heard = Tokens()
    heard.begin(PromptTokens(("word ",) * read, (0, read // 2)))
    for colours in (True, False):
        picture = rows(Shown(trace, heard, learns=True, colours=colours), width)
        assert all(sum(len(c.text) for c in row.cells) <= width for row in picture)
        named = [row.layer.number for row in picture if row.layer]
        assert named == [*gla_layers, *range(4, 31, 4), 0, 0, 0]
        fields = [c for row in picture for c in row.cells if c.level is not None]
        assert bool(fields) is colours
        # Numbers of all mixers end in the same column, and bars touch no row above.
        ends = {sum(len(c.text) for c in r.cells) for r in picture if r.layer}
        assert ends == {width}
        assert not any("█" in c.text for row in picture for c in row.cells)


def test_a_strip_fades_as_the_weights_do() -> None:
    trace = traced(readings(fox=1, read=100))
    strip = trace.strips(20)[0]
    assert np.all(np.diff(strip) > 0)
    np.testing.assert_allclose(strip[-1], np.mean(0.9 ** np.arange(5)), rtol=1e-5)
    # As many columns as it takes, each a mean: the sum is the effective context.
    np.testing.assert_allclose(strip.sum() * 5, trace.reach[0, 0], rtol=1e-5)


def test_rows_are_as_wide_as_asked() -> None:
    values = np.arange(6, dtype=np.float32)
    assert resampled(values, 3).tolist() == [0.5, 2.5, 4.5]
    assert resampled(values[:2], 4).tolist() == [0, 0, 1, 1]
    assert resampled(values[:0], 3).tolist() == [0, 0, 0]
    assert resampled(np.ones((2, 5), np.float32), 0).shape == (2, 0)


def test_the_axis_names_the_messages() -> None:
    labels = [(0, "Hello there"), (50, "日本語の話です、とても長い"), (90, "Bye")]
    line = axis(labels, 100, 40)
    assert len(line) == 40 and line.endswith("now")
    assert line.startswith("╵Hello there ")
    # What is too wide for its columns, and what has no room, is left out.
    assert "Bye" not in line and "日" not in line
    assert axis([], 0, 10) == "       now"


def test_words_before_there_is_anything_to_draw() -> None:
    assert drawn(Shown(Trace(), Tokens())) == [NOTHING]
    assert " ".join(drawn(Shown(Trace(), Tokens(), tells=False), 40)) == NOT_TOLD
    off, on, never = (
        drawn(Shown(traced(readings()), Tokens(), learns=learns))[-1]
        for learns in (False, True, None)
    )
    assert "/set ttt on" in off and "next reply" in on and "none" in never


def test_a_layer_is_explained_in_tokens_and_words() -> None:
    heard = Tokens()
    texts = ("", "user", "\n", *(f" word{n}" for n in range(47)))
    heard.begin(PromptTokens(texts, (0, 50)))
    shown = Shown(traced(readings(gla_layers=(1, 2))), heard)
    heading, said = explain(Layer("gla", 0, 1), shown)
    assert heading == "Layer 1 · gated linear attention"
    assert "after 6.6 tokens" in said
    assert "the last 6 words, back to “word41 word42 word43 word44…”" in said
    _, said = explain(Layer("fox", 1, 4), shown)
    assert "Of 50 tokens, 9.9 tokens' worth" in said and "10.0%" in said
    forever = Shown(traced(readings(decay=np.ones((2, 1, 3), np.float32))), heard)
    assert "more than this whole" in explain(Layer("gla", 0, 1), forever)[1]
    assert "measured at the last token" in explain(Layer("gla", 0, 1), shown)[1]
    twice = Shown(traced(readings(), readings()), heard)
    assert "averaged over the last 2 tokens" in explain(Layer("gla", 0, 1), twice)[1]
    assert "/set ttt on" in explain(Layer("ttt", 0, 0), shown)[1]


def test_scales() -> None:
    found = on_log_scale([0, 1, 10, 100, 1e9, np.inf, np.nan], 1, 100)
    np.testing.assert_allclose(found, [0, 0, 0.5, 1, 1, 1, 0])
    assert bar(0) == " " and bar(1) == "█" and bar(0.01) == "▁" and bar(9) == "█"
    said = [count(n) for n in (0, 0.25, 3, 9.94, 9.96, 340.4, 1234, 12_345, math.nan)]
    assert said == ["0", "0.2", "3", "9.9", "10", "340", "1,234", "12k", "?"]
    assert tokens(1) == "1 token" and tokens(0.5) == "0.5 tokens"
    tops = [top_of_scale(n) for n in (0, 0.09, 0.1, 135, 7e4, math.inf)]
    assert tops == pytest.approx([1, 0.1, 0.1, 150, 8e4, 1])


def test_a_character_of_several_tokens_has_one_colour() -> None:
    texts = ("", "\n", "Hi", " ", "", "", "\U0001f389", "!", "\n")
    weights = np.array([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.001, 1], np.float32)
    tints = of_message(texts, weights, "Hi \U0001f389!")
    assert tints is not None and tints.text == "Hi \U0001f389!"
    tenth = round(2 / 3 * HIGHEST)
    assert tints.levels == (HIGHEST, HIGHEST, HIGHEST, tenth, 0)


def test_a_message_that_the_tokens_do_not_hold_has_no_colours() -> None:
    weights = np.ones(2, np.float32)
    assert of_message(("Hello", " Bob"), weights, "Something else") is None
    assert of_message(("", ""), weights, "") is None
    assert of_message((), weights[:0], "Hello") is None
    growing = of_message(("Hello", " Bob"), weights, "")
    assert growing == Tints("Hello Bob", (HIGHEST,) * 9)


def test_surprise_and_certainty_are_of_each_piece() -> None:
    pieces = Pieces()
    pieces.take("a", Text("Hi", (1,), (0.0,), topped(0.0)))
    likely = (-0.1, math.log(1e-4))
    pieces.take("a", Text(" \U0001f389", (2, 3), likely, topped(-0.1, -9)))
    pieces.take("a", Thought("hm", (4,), (0.0,), topped(0.0)))
    pieces.take("b", Text("Hi", (1,), (0.0,)))
    surprise = pieces.tints("surprise")
    assert surprise["a"] == Tints("Hi \U0001f389", (0, 0, HIGHEST, HIGHEST))
    assert surprise["b"].levels == (0, 0)
    # Of the other one nobody knows how certain the model was.
    assert pieces.tints("certainty") == {
        "a": Tints("Hi \U0001f389", (HIGHEST, HIGHEST, 0, 0))
    }
    assert not pieces.tints("off")


def test_the_oldest_replies_are_forgotten_first() -> None:
    pieces = Pieces()
    for n in range(MOST // 2 + 2):
        for _ in range(2):
            pieces.take(str(n), Text("x", (1,), (0.0,)))
    found = pieces.tints("surprise")
    assert "0" not in found and str(MOST // 2 + 1) in found
    assert sum(len(each.text) for each in found.values()) <= MOST


def test_shown_words_are_found_in_the_source() -> None:
    source = "# Tea\n\nSome **bold** [link](http://example.org) text\n"
    tints = Tints(source, tuple(n % STEPS for n in range(len(source))))
    spans, cursor = aligned("Tea", tints)
    assert spans == [(0, 1, 2), (1, 2, 3), (2, 3, 4)]
    spans, _ = aligned("Some bold link text", tints, cursor)
    shown = {start: level for start, _, level in spans}
    for place, word in ((0, "Some"), (5, "bold"), (10, "link"), (15, "text")):
        assert shown[place] == source.index(word) % STEPS
    # A space is its own one of the source, on whichever side of a mark it is.
    assert shown[4] == source.index(" **bold") % STEPS


def test_marks_within_a_word_are_left_out() -> None:
    source = "Hi **Bob**, *you*."
    spans, _ = aligned("Hi Bob, you.", Tints(source, tuple(range(len(source)))))
    levels = {start: level for start, _, level in spans}
    assert [levels[n] for n in (0, 3, 5, 6, 8, 11)] == [0, 5, 7, 10, 13, 17]


def test_words_that_are_not_there_get_no_colour() -> None:
    tints = Tints("one two", (3,) * 7)
    assert aligned("one • two", tints)[0] == [(0, 3, 3), (5, 9, 3)]
    assert aligned("", tints) == ([], 0)
    # Nor do letters of another word stand for one.
    assert aligned("x", Tints("text x", (1,) * 5 + (7,)))[0] == [(0, 1, 7)]
    assert aligned("one two", Tints("one two", (-1,) * 4 + (5,) * 3))[0] == [(4, 7, 5)]
