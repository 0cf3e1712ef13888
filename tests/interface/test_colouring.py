"""The transcript coloured token by token: by what, where, and how legible."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from desk import Desk
from mixers_seen import legend, page, spans, tinted
from textual.widgets import Static
from turns import WILD

from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.tui.mixers import Legend
from genesis_chat.tui.mixers.hues import ROLES, Hues, marks
from genesis_chat.tui.mixers.legend import SCALE
from genesis_chat.tui.mixers.view import PictureView
from genesis_chat.tui.theme.contrast import TEXT, ratio
from genesis_chat.tui.widgets.tints import STEPS, Tints, aligned

Sit = Callable[..., None]
BOB = "My name is Bob."


def test_tokens_are_coloured_by_what_attention_still_sees(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("f6")
        assert "what attention still sees" in legend(desk)
        assert "starts with the next reply" in legend(desk)
        await desk.say("What is my name?")
        await desk.until(lambda: tinted(desk, 3))
        assert "0.1 %" in legend(desk) and "F6 surprise" in legend(desk)
        # What is nearer is seen better, in a question as in its reply.
        for message in (2, 3):
            levels = [level for _, level in tinted(desk, message)]
            assert levels == sorted(levels)
        assert "".join(piece for piece, _ in tinted(desk, 3)) == desk.texts[3]
        assert tinted(desk, 3)[-1][1] > tinted(desk, 2)[-1][1]
        await desk.press("f6", "f6", "f6")
        assert not legend(desk)
        assert not any(tinted(desk, n) for n in range(4))

    sit_down(visit, size=(120, 60))


def test_tokens_are_coloured_by_how_expected_they_were(sit_down: Sit) -> None:
    wild = replace(WILD, max_tokens=20)

    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        # The reply is there already; its probabilities came with it.
        await desk.press("f6", "f6")
        await desk.until(lambda: tinted(desk, 1))
        assert "unexpected" in legend(desk) and "1 in 1,000" in legend(desk)
        assert max(level for _, level in tinted(desk, 1)) > 0.2
        assert not tinted(desk, 0)
        await desk.press("f6")
        # Nobody asked for the likeliest tokens then.
        assert "The certainty view starts with the next reply." in legend(desk)
        assert not tinted(desk, 1)
        await desk.turn("ctrl+r")
        await desk.until(lambda: tinted(desk, 1))
        assert "how certain the model was" in legend(desk)

    sit_down(visit, settings=wild)


def test_replies_of_another_day_say_when_the_colours_begin(
    sit_down: Sit, tmp_path: object
) -> None:
    said = (NewMessage("user", "Hi", None), NewMessage("assistant", "Hello!", 0))
    with Store.open(tmp_path / "history.sqlite3") as store:  # type: ignore[operator]
        (chat,) = store.insert([NewConversation("Greeting", "", said, 1)])

    async def visit(desk: Desk) -> None:
        await desk.until(lambda: len(desk.views) == 2)
        await desk.press("f6", "f6")
        assert "The surprise view starts with the next reply." in legend(desk)
        await desk.say(BOB)
        await desk.until(lambda: tinted(desk, 3))
        assert not tinted(desk, 1) and "earlier replies unknown" in legend(desk)

    sit_down(visit, conversation=chat.id)


@pytest.mark.parametrize("size", [(120, 36), (100, 36), (200, 60), (60, 20)])
def test_the_legend_ends_where_there_is_no_more_room(
    sit_down: Sit, size: tuple[int, int]
) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5", "f6")
        await desk.say(BOB)
        if size[0] < 100:
            # The panel is all that is shown of the transcript's place.
            await desk.press("f5")
        await desk.until(lambda: "100 %" in legend(desk))
        shown = desk.app.screen.query_one(Legend)
        room = shown.content_size.width
        assert room
        rows = legend(desk).splitlines()
        assert all(len(row) <= room for row in rows)
        # What says least goes first, and only where there is no room for it.
        whole = "0.1 % " + " " * STEPS + " 100 % of its weight left" + SCALE
        assert whole.startswith(rows[1])
        assert (rows[1] == whole) == (len(whole) <= room)
        await desk.until(lambda: rows[1].strip() in desk.seen())

    sit_down(visit, size=size)


def test_what_left_the_context_has_no_colour(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f6")
        while desk.open.context is None or not desk.open.context.left_out:
            await desk.say("word " * 300)
            assert len(desk.views) < 40
        watch = desk.chat.watching.watch
        branch = desk.open.branch
        found = watch.tints(branch)
        held = len(watch.tokens.starts)
        assert branch[0].id not in found or held == len(branch)
        assert {m.id for m in branch[-held:]} >= found.keys()
        assert branch[-1].id in found

    sit_down(visit)


def test_markdown_is_coloured_where_it_is_shown(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        view = desk.views[1]
        source = (
            "# Tea\n\nSome **bold** text\n\n```text\nx = 1\n```\n\n| a |\n|---|\n| b |"
        )
        await view.settle(
            replace(view.shown, message=replace(view.shown.message, content=source))
        )
        styles = desk.app.screen.query_one(Legend).styles_of("surprise")
        view.tint(Tints(source, (STEPS - 1,) * len(source)), styles)
        pieces = [piece for piece, _ in tinted(desk, 1)]
        for word in ("Tea", "Some", "bold", "x = 1", "a", "b"):
            assert any(word in piece for piece in pieces), word
        assert not any(mark in "".join(pieces) for mark in ("**", "```", "|"))
        view.tint(None, ())
        assert not tinted(desk, 1)

    sit_down(visit)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Some **bold** text", "Some bold text"),
        ("an _emphasised_ word, `code` too", "an emphasised word, code too"),
        ("see [the paper](https://x.y/z 'a title') there", "see the paper there"),
        ("***both*** styles, ~~none~~ now", "both styles, none now"),
        ("one  \ntwo\nthree **four**", "one\ntwo three four"),
        ("x\ty **z**", "x    y z"),
        ("Bob 🤖, **and** I", "Bob 🤖, and I"),
    ],
)
def test_colours_have_no_holes_between_styles(source: str, shown: str) -> None:
    spans, _ = aligned(shown, Tints(source, (STEPS - 1,) * len(source)))
    assert spans == [(0, len(shown), STEPS - 1)]


def test_white_space_has_the_colour_of_its_token() -> None:
    # Of the tokens "Some", " **", "bold", "**" and " text".
    levels = (1,) * 4 + (2,) * 3 + (3,) * 4 + (4,) * 2 + (5,) * 5
    spans, _ = aligned("Some bold text", Tints("Some **bold** text", levels))
    assert spans == [(0, 4, 1), (4, 5, 2), (5, 9, 3), (9, 14, 5)]
    # What the source does not have stays without one, what follows does not.
    spans, _ = aligned("Some new text", Tints("Some text", (1,) * 4 + (2,) * 5))
    assert spans == [(0, 4, 1), (8, 13, 2)]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "dracula"])
def test_text_is_legible_on_every_tint(sit_down: Sit, theme: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("f6")
        shown = desk.app.screen.query_one(Legend)
        for mode in ("attention", "surprise", "certainty"):
            for view in desk.views:
                below = view.background_colors[1]
                for style in shown.styles_of(mode):
                    assert style.background is not None
                    assert style.foreground is not None
                    tint = below + style.background
                    assert ratio(tint, style.foreground) >= TEXT
        hues = Hues.of(desk.chat.panel)
        for ink in (*ROLES, "text", "muted", "accent"):
            assert ratio(hues.ink(ink), hues.background) >= TEXT

    sit_down(visit, theme=theme)


def test_without_colours_there_are_marks(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.press("f5", "f6")
        await desk.say("Tell me a story.")
        await desk.until(lambda: "half-life" in page(desk))
        rows = desk.app.screen.query_one(PictureView).rows
        assert all(cell.level is None for row in rows for cell in row.cells)
        assert any(letter in page(desk) for letter in "▃▄▅")
        assert legend(desk).startswith("Marks: ")
        assert not tinted(desk, 1)
        styles = {
            (span.style.bold, span.style.underline, span.style.dim)
            for each in desk.views[1].query(Static)
            for span in spans(each)
            if not isinstance(span.style, str)
        }
        assert len(styles) > 1
        assert len({(s.bold, s.underline, s.dim) for s in marks()}) == 4

    sit_down(visit)


def test_a_theme_of_the_terminals_colours_has_marks_too(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5", "f6")
        await desk.say(BOB)
        desk.app.theme = "ansi-dark"
        await desk.until(lambda: legend(desk).startswith("Marks: "))
        await desk.until(
            lambda: all(
                cell.level is None
                for row in desk.app.screen.query_one(PictureView).rows
                for cell in row.cells
            )
        )
        assert not tinted(desk, 1)
        desk.app.theme = "nord"
        await desk.until(lambda: tinted(desk, 1))

    sit_down(visit)
