"""The mixers, live: the panel, and the transcript coloured token by token."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import pytest
from desk import Desk
from loaded import loaded
from textual.color import Color
from textual.content import Content, Span
from textual.widgets import Static
from turns import WILD

from genesis_chat import Genesis
from genesis_chat.engine import Event, LocalEngine, Request
from genesis_chat.history import NewConversation, NewMessage, Store
from genesis_chat.tui.mixers import Legend, MixersPanel
from genesis_chat.tui.mixers.hues import LEGIBLE, ROLES, Hues, contrast, marks
from genesis_chat.tui.mixers.view import PictureView
from genesis_chat.tui.widgets.tints import STEPS

Sit = Callable[..., None]
BOB = "My name is Bob."


def page(desk: Desk) -> str:
    """All rows of the picture, also those out of sight."""
    picture = desk.app.screen.query_one(PictureView)
    return "\n".join("".join(c.text for c in row.cells) for row in picture.rows)


def legend(desk: Desk) -> str:
    shown = desk.app.screen.query_one(Legend)
    return str(shown.content) if shown.has_class("-on") else ""


def spans(widget: Static) -> Sequence[Span]:
    """The styles of what a widget shows."""
    return widget.content.spans if isinstance(widget.content, Content) else []


def tinted(desk: Desk, message: int) -> list[tuple[str, float]]:
    """Pieces of a message that have a background of their own, and how strong it is."""
    found = []
    for each in desk.views[message].query(Static):
        content = each.content
        for span in spans(each):
            style = span.style
            if not isinstance(style, str) and style.background is not None:
                piece = str(content)[span.start : span.end]
                found.append((piece, style.background.a))
    return found


class Asked(LocalEngine):
    """Notes what it is asked."""

    def __init__(self, genesis: Genesis) -> None:
        super().__init__(loaded(genesis))
        self.requests: list[Request] = []

    def reply(
        self, request: Request, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[Event]:
        self.requests.append(request)
        return super().reply(request, cancelled)


def test_the_panel_shows_every_layer_of_the_reply(
    sit_down: Sit, genesis: Genesis
) -> None:
    kinds = loaded(genesis).language_model.network.args.layer_kinds

    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        assert "Send a message" in page(desk)
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in page(desk))
        rows = desk.app.screen.query_one(PictureView).rows
        layers = [row.layer for row in rows if row.layer]
        for mixer in ("gla", "fox"):
            numbers = [layer.number for layer in layers if layer.mixer == mixer]
            assert numbers == [n for n, kind in enumerate(kinds, 1) if kind == mixer]
        trace = desk.chat.watching.watch.trace
        heads = loaded(genesis).language_model.network.args.n_head
        fields = [
            sum(cell.level is not None for cell in row.cells)
            for row in rows
            if row.layer and row.layer.mixer == "gla"
        ]
        assert set(fields) == {heads}
        assert f" of {trace.read}" in page(desk)
        assert f"token {trace.read} of {trace.read}" in desk.seen()
        assert "╵My name" in page(desk)
        assert "/set ttt on" in page(desk)
        await desk.press("f5")
        assert not desk.chat.panel.display
        assert desk.chat.composer.has_focus

    sit_down(visit)


def test_test_time_training_has_its_curves_once_it_is_on(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        desk.chat.composer.write("/set ttt on")
        await desk.press("enter")
        await desk.until(lambda: desk.open.settings.ttt)
        await desk.say(BOB)
        await desk.until(lambda: "surprise" in page(desk))
        rows = page(desk).splitlines()
        for name in ("surprise", "trust", "mix"):
            assert any(r.startswith(name) and " 0 to " in r for r in rows), name

    sit_down(visit)


def test_nothing_is_asked_or_drawn_while_all_is_closed(
    sit_down: Sit, genesis: Genesis
) -> None:
    engine = Asked(genesis)

    async def visit(desk: Desk) -> None:
        drawn = 0
        picture = desk.app.screen.query_one(PictureView)
        show = picture.show

        def counted(rows: object) -> None:
            nonlocal drawn
            drawn += 1
            show(rows)  # type: ignore[arg-type]  # as it came

        picture.show = counted  # type: ignore[method-assign]
        await desk.say(BOB)
        # Log-probabilities come anyway: surprise asks for nothing.
        await desk.press("f6", "f6")
        assert desk.chat.watching.watch.mode == "surprise"
        await desk.say(BOB)
        assert [r.readings for r in engine.requests] == [False, False]
        assert desk.chat.watching.watch.trace.last is None and not drawn
        assert not desk.chat.watching.watch.tokens.texts
        desk.chat.composer.write("/mixers")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.panel.display)
        await desk.turn("ctrl+r")
        assert engine.requests[-1].readings and drawn
        assert desk.chat.watching.watch.trace.last is not None
        await desk.press("ctrl+n")
        assert desk.chat.watching.watch.trace.last is None
        await desk.until(lambda: "Send a message" in page(desk))

    sit_down(visit, engine=engine)


def test_a_layer_is_chosen_with_the_keys_and_explained(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.say(BOB)
        panel = desk.chat.panel
        await desk.until(lambda: "half-life" in page(desk))
        while not panel.has_focus:
            await desk.press("tab")
        assert panel.choice and panel.choice.number == 1
        await desk.press("down", "enter")
        assert panel.explanation.startswith("Layer 2 · gated linear attention\n")
        await desk.until(lambda: "fixed-size summary" in desk.seen())
        await desk.press("down", "down")
        assert panel.explanation.startswith("Layer 5")
        await desk.press("end")
        assert panel.explanation.startswith("Test-time training")
        await desk.press("up")
        assert "forgetting attention" in panel.explanation
        assert "back to" in panel.explanation or "the last word" in panel.explanation
        await desk.press("home", "up")
        assert panel.explanation.startswith("Layer 1 ")
        # Esc closes the explanation first, then it leaves the panel.
        await desk.press("escape")
        assert not panel.explanation and panel.has_focus
        await desk.press("escape")
        assert desk.chat.composer.has_focus
        await desk.pilot.click(PictureView, offset=(3, 4))
        assert panel.explanation.startswith("Layer 3")

    sit_down(visit)


def test_the_panel_is_all_there_is_in_80_columns(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in desk.seen())
        panel = desk.chat.panel
        assert panel.region.width == 80 and not desk.chat.transcript.display
        # What is written next can still be written.
        assert desk.chat.composer.region.width >= 70
        panel.focus()
        await desk.press("end")
        await desk.until(lambda: "Test-time training" in desk.seen())
        await desk.press("f5")
        assert desk.chat.transcript.display and "Bob" in desk.seen()

    sit_down(visit, size=(80, 24))


def test_the_list_of_chats_comes_back_when_the_panel_goes(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        assert desk.chat.chats.display
        await desk.press("f5")
        assert not desk.chat.chats.display
        await desk.press("f5")
        assert desk.chat.chats.display
        await desk.press("ctrl+b", "f5", "f5")
        assert not desk.chat.chats.display

    sit_down(visit, size=(120, 36))


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
        assert tinted(desk, 3)[-1][1] > 3 * tinted(desk, 2)[-1][1] / 2
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


def test_a_chat_that_is_looked_at_meanwhile_gets_no_readings(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        desk.chat.composer.write("Tell me a story")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.watching.watch.trace.last)
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.open.conversation is None)

        def over() -> bool:
            assert desk.chat.watching.watch.trace.last is None
            return not desk.app.turns.busy

        assert not over()
        await desk.until(over)
        await desk.idle()
        assert over()

    # Long enough not to be over before the other chat is there.
    sit_down(visit, model="slow", settings=replace(WILD, max_tokens=150))


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
        from genesis_chat.tui.widgets.tints import Tints

        styles = desk.app.screen.query_one(Legend).styles_of("surprise")
        view.tint(Tints(source, (STEPS - 1,) * len(source)), styles)
        pieces = [piece for piece, _ in tinted(desk, 1)]
        for word in ("Tea", "Some", "bold", "x = 1", "a", "b"):
            assert any(word in piece for piece in pieces), word
        assert not any(mark in "".join(pieces) for mark in ("**", "```", "|"))
        view.tint(None, ())
        assert not tinted(desk, 1)

    sit_down(visit)


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "dracula"])
def test_text_is_legible_on_every_tint(sit_down: Sit, theme: str) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say(BOB)
        await desk.press("f6")
        shown = desk.app.screen.query_one(Legend)
        for mode in ("attention", "surprise", "certainty"):
            for view in desk.views:
                below = view.background_colors[1]
                for style in shown.styles_of(mode):  # type: ignore[arg-type]
                    assert style.background is not None
                    assert style.foreground is not None
                    tint = below + style.background
                    assert contrast(tint, style.foreground) >= LEGIBLE
        hues = Hues.of(desk.chat.panel)
        for ink in (*ROLES, "text", "muted", "accent"):
            assert contrast(hues.ink(ink), hues.background) >= LEGIBLE

    sit_down(visit, theme=theme)


def test_the_contrast_is_that_of_the_guidelines() -> None:
    white, black = Color(255, 255, 255), Color(0, 0, 0)
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(Color(119, 119, 119), white) == pytest.approx(4.48, abs=0.01)


def test_without_colours_there_are_marks(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.press("f5", "f6")
        await desk.say(BOB)
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


def test_a_family_without_readings_says_so(sit_down: Sit, genesis: Genesis) -> None:
    features = replace(loaded(genesis).features, readings=False, switches=())
    engine = LocalEngine(replace(loaded(genesis), features=features))

    async def visit(desk: Desk) -> None:
        await desk.press("f5", "f6")
        assert "does not tell what its layers do" in desk.seen()
        assert "does not tell what its attention sees" in legend(desk)
        await desk.say(BOB)
        assert "does not tell what its layers do" in desk.seen()
        desk.app.screen.query_one(MixersPanel).focus()
        await desk.press("down", "enter")
        assert not desk.chat.panel.explanation
        await desk.press("f6")
        await desk.until(lambda: "1 in 1,000" in legend(desk))

    sit_down(visit, engine=engine)
