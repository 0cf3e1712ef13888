"""The line at the bottom and the title: honest figures in any width."""

import os
from collections.abc import Callable

import psutil
import pytest
from desk import Desk
from textual.notifications import Notification

from genesis_chat.engine import Context, ModelFacts, Reply
from genesis_chat.settings import GenerationSettings
from genesis_chat.tui.services.turns import resident

Sit = Callable[..., None]
FACTS = ModelFacts(
    "genesis-152m-instruct", 8192, "int8", "CPU", None, "cpu", "no Metal"
)
REPLY = Reply(
    text="",
    token_ids=tuple(range(150)),
    log_probabilities=(0.0,) * 150,
    finish_reason="length",
    prompt_tokens=40,
    prefilled_tokens=40,
    seconds_to_first_token=0.25,
    tokens_per_second=107.4,
    model="genesis-152m-instruct",
    settings=GenerationSettings(),
)


def top(desk: Desk) -> str:
    return desk.seen().splitlines()[0]


def bottom(desk: Desk) -> str:
    return desk.seen().splitlines()[-1]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_every_figure_is_there_in_any_width(sit_down: Sit, width: int) -> None:
    async def visit(desk: Desk) -> None:
        header, footer = desk.chat.workspace.header, desk.chat.workspace.footer
        header.model(FACTS)
        footer.finished(REPLY)
        header.memory(412_300_000)
        footer.context(Context(1234, 8192, 6958, 0, 0))
        for part in ("genesis", "CPU", "MB"):
            await desk.until(lambda part: part in top(desk), part)
        for part in ("107 tok/s", "1,234 / 8,192"):
            await desk.until(lambda part: part in bottom(desk), part)
        if width == 200:
            assert "int8 · CPU (no Metal) · 412.3 MB" in top(desk)
            assert "8,192 tokens" in bottom(desk)
        await desk.pilot.resize_terminal(280 - width, 40)
        long = 280 - width >= 120
        await desk.until(lambda: ("8,192 tokens" in bottom(desk)) == long)

    sit_down(visit, size=(width, 40))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("private", [False, True])
def test_a_private_chat_says_so_on_any_screen(
    sit_down: Sit, size: tuple[int, int], private: bool
) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.workspace.header.title("Secrets", private=private)
        await desk.pilot.pause()
        assert ("(private · not saved)" in desk.seen()) == private

    sit_down(visit, size=size)


def test_memory_is_that_of_the_process() -> None:
    held = resident(os.getpid())
    assert held and abs(held - psutil.Process().memory_info().rss) < 2**26
    unused = max(psutil.pids()) + 100_000
    assert resident(unused) is None


def test_what_is_told_while_the_program_ends_does_no_harm(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        workspace, notice = desk.chat.workspace, desk.chat.pane.notice
        told = (workspace.header, workspace.footer, notice, desk.chat.chats)
        for each in told:
            await each.remove_children()
        desk.chat.pane.parts.tell("The model stopped.", error=True)
        await desk.pilot.pause()
        assert notice.shown
        workspace.header.title("Secrets", private=True)
        workspace.header.model(FACTS)
        workspace.header.wait("Loading")
        workspace.header.none()
        workspace.footer.finished(REPLY)
        workspace.footer.context(Context(1234, 8192, 6958, 0, 0))
        desk.chat.chats.list([], "")
        desk.chat.chats.list_found("words", [], [])

    sit_down(visit)


def test_a_notice_that_is_over_while_it_is_looked_at_does_no_harm(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit(desk: Desk) -> None:
        desk.chat.pane.parts.tell("Something happened.")
        await desk.until(lambda: desk.told("Something happened."))
        # It is there still at the first look, and over at the next one.
        over = iter((False,))
        with monkeypatch.context() as patch:
            late = property(lambda each: next(over, True))
            patch.setattr(Notification, "has_expired", late)
            desk.app._refresh_notifications()

    sit_down(visit)
