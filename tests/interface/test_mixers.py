"""The mixers, live: the panel, layer by layer."""

from collections.abc import Callable, Generator
from dataclasses import replace

from desk import Desk
from loaded import args_of, loaded
from mixers_seen import legend, page
from turns import WILD

from genesis_chat import Genesis
from genesis_chat.engine import Event, LocalEngine, Request
from genesis_chat.tui.mixers import MixersPanel
from genesis_chat.tui.mixers.view import PictureView

Sit = Callable[..., None]
BOB = "My name is Bob."


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
    args = args_of(genesis)
    kinds = args.layer_kinds

    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.until(lambda: "Send a message" in page(desk))
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in page(desk))
        rows = desk.app.screen.query_one(PictureView).rows
        layers = [row.layer for row in rows if row.layer]
        for mixer in ("gla", "fox"):
            numbers = [layer.number for layer in layers if layer.mixer == mixer]
            assert numbers == [n for n, kind in enumerate(kinds, 1) if kind == mixer]
        trace = desk.chat.watching.watch.trace
        heads = args.n_head
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
        assert any(each in panel.explanation for each in ("back to", "the last "))
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


def test_in_a_small_terminal_mixers_stand_beside_each_other(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.press("f5")
        await desk.say(BOB)
        await desk.until(lambda: "half-life" in page(desk) or "median" in page(desk))
        picture = desk.app.screen.query_one(PictureView)
        await desk.until(lambda: picture.rows[0].beside)
        # All of it is in sight, and the keys reach every layer.
        await desk.until(lambda: "Forgetting attention" in desk.seen())
        assert "Test-time training" in desk.seen()
        panel = desk.chat.panel
        await desk.press("tab")
        for layer in desk.chat.watching.watch.trace.layers:
            assert panel.choice == layer
            marked = desk.seen().splitlines()[picture.region.y :]
            row = marked[picture.places(layer).start]
            half = picture.rows[0].width + 1 if layer.mixer != "gla" else 0
            assert row[picture.region.x + half] == "▌"
            await desk.press("down")
        # A click chooses what is under it.
        fox = next(r.beside.layer for r in picture.rows if r.beside and r.beside.layer)
        assert fox is not None and fox.mixer == "fox"
        place = picture.places(fox).start
        await desk.pilot.click(PictureView, offset=(picture.rows[0].width + 6, place))
        assert panel.explanation.startswith(f"Layer {fox.number} · forgetting")
        await desk.pilot.click(PictureView, offset=(3, place + 1))
        assert "gated linear attention" in panel.explanation.splitlines()[0]

    sit_down(visit, size=(80, 24))
