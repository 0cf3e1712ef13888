"""Dialogs say all they have to say, whatever the size of the terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from textual.widgets import Button, OptionList, Static

from genesis_chat.history import Store
from genesis_chat.setting_table import REPLY_SETTINGS
from genesis_chat.tui.actions import action
from genesis_chat.tui.dialogs import models
from genesis_chat.tui.dialogs.model_rows import DEMO, Row
from genesis_chat.tui.widgets.columns import Pairs
from genesis_chat.tui.widgets.welcome import PROMPTS

Sit = Callable[..., None]
SIZES = [(80, 24), (120, 36), (200, 60)]
# At each side of the header.
MARGIN = 2
LONG = "mlx-community/Meta-Llama-3.1-8B-Instruct-4bit"
ROWS = [
    Row(
        "genesis-152m-instruct", "152M · int8 · 163.1 MB · apache-2.0", "", "Installed"
    ),
    Row("poems", "adapter · 3.1 MB · trained on poems.jsonl", "", "Installed", 1),
    Row("builtin", "4.32M · bfloat16 · 13.5 MB", "", DEMO),
    Row(LONG, "llama · 4-bit · 4.5 GB · llama3.1", "", "Cache"),
    *(Row(f"Q{n}", f"qwen3 · {n} GB · apache-2.0", "", "Cache") for n in range(1, 30)),
]


def test_models_have_their_names_sizes_and_licences(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "model_rows", lambda: ROWS)

    async def visit(desk: Desk) -> None:
        await desk.dialog("f2")
        for size in SIZES:
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            listed = desk.app.screen.query_one("#rows", OptionList)
            for row in ROWS[:5]:
                listed.highlighted = listed.get_option_index(row.name)
                await desk.until(
                    lambda row=row: (
                        row.name in desk.seen() and row.detail in desk.seen()
                    )
                )
            # Nothing is pushed out of the dialog.
            dialog = desk.app.screen.query_one(".dialog").region
            for shown in (listed, *desk.app.screen.query(Button)):
                assert not shown.display or dialog.contains_region(shown.region)

    sit_down(visit, size=SIZES[0])


def test_settings_say_what_they_mean(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f4")
        await desk.until(lambda: "Ctrl+S save" in desk.seen())
        for name in REPLY_SETTINGS:
            state = desk.app.screen.query_one(f"#state-{name}", Static)
            await desk.until(lambda state=state: state.content_size.width)
            lines = state.render().wrap(state.content_size.width)  # type: ignore[union-attr]
            assert len(lines) == state.content_size.height
            for line in lines:
                await desk.until(lambda line=line: line.plain.strip() in desk.seen())

    sit_down(visit, size=SIZES[0])


def is_whole(pairs: Pairs) -> bool:
    """Whether there is room for all of its lines."""
    lines = pairs.get_content_height(pairs.size, pairs.size, pairs.content_size.width)
    return pairs.content_size.height == lines


def test_help_is_read_without_markup(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.dialog("f1")
        for size in SIZES:
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            for pairs in desk.app.screen.query(Pairs):
                await desk.until(lambda pairs=pairs: is_whole(pairs))
                shown = pairs.render().plain
                assert "`" not in shown
                assert sorted(shown.split()) == sorted(str(pairs.content).split())
        assert "fg resumes it" in desk.seen()
        await desk.press("end")
        # The title stays.
        await desk.until(lambda: "/import FILE" in desk.seen())
        assert "Keys and commands" in desk.seen()

    sit_down(visit, size=SIZES[0])


def test_what_enter_does_is_said(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        await desk.say("Hi")
        for name, does in (
            ("chat.find", "find"),
            ("chat.rename", "save"),
            ("chat.export", "export"),
            ("chat.import", "import"),
        ):
            await desk.until(lambda: desk.app.screen is desk.chat)
            await desk.app.run_action(action(name).does, desk.chat)
            hint = f"Enter {does}"
            await desk.until(lambda hint=hint: hint in desk.seen())
            await desk.press("escape")
            await desk.closed()

    sit_down(visit, size=SIZES[0])


def test_the_first_prompts_stand_in_line_with_the_rest(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        texts = ("A small language model", "Try the built-in demo", *PROMPTS)
        for size in SIZES[:2]:
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            await desk.until(lambda: all(text in desk.seen() for text in texts))
            rows = desk.seen().splitlines()
            columns = {r.index(t) for t in texts for r in rows if t in r}
            assert len(columns) == 1

    sit_down(visit, size=SIZES[0], first=True)


def test_the_model_ends_where_the_header_does(sit_down: Sit) -> None:
    async def visit(desk: Desk) -> None:
        for size in SIZES:
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            await desk.until(
                lambda size=size: (
                    len(desk.seen().splitlines()[0].rstrip()) == size[0] - MARGIN
                )
            )
            assert "builtin" in desk.seen().splitlines()[0]

    sit_down(visit, size=SIZES[0])


def test_a_full_trash_leaves_room_for_its_buttons(
    sit_down: Sit, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "history.sqlite3") as store:
        for number in range(40):
            store.delete(
                store.create(title=f"Chat {number} {'with a long title ' * 5}").id
            )

    async def visit(desk: Desk) -> None:
        for size in SIZES:
            await desk.pilot.resize_terminal(*size)
            await desk.until(lambda size=size: desk.app.size == size)
            await desk.app.run_action(action("chat.trash").does, desk.chat)
            await desk.until(lambda: "Empty trash…" in desk.seen())
            assert "Chat 39" in desk.seen() and "0 messages" in desk.seen()
            await desk.press("escape")
            await desk.closed()

    sit_down(visit, size=SIZES[0])
