"""Colours by roles: every text is legible in every theme, also without colours."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk
from rich.color import ColorSystem
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from genesis_chat.config import load
from genesis_chat.errors import UsageError
from genesis_chat.paths import themes_directory
from genesis_chat.tui.theme.contrast import EDGE, TEXT, legible, ratio
from genesis_chat.tui.theme.palette import DARK, LIGHT, Palette
from genesis_chat.tui.theme.roles import palette, variables
from genesis_chat.tui.theme.themes import GENESIS_DARK, GENESIS_LIGHT, read_theme

Sit = Callable[..., None]
COLOURED = [t for t in BUILTIN_THEMES.values() if not t.ansi]
OURS = [GENESIS_DARK, GENESIS_LIGHT]
WIDE = (120, 36)


def worst(roles: Palette) -> dict[str, float]:
    """Pairs of text and ground that are too close, `ink on ground`."""
    return {
        f"{ink} on {ground}": found
        for ink, colour in roles.inks.items()
        for ground, below in roles.grounds.items()
        # What is faint never stands where the cursor is.
        if (ink, ground) != ("faint", "selected")
        and (found := ratio(Color.parse(colour), Color.parse(below))) < TEXT
    }


def test_the_ratio_is_that_of_the_standard() -> None:
    white, black, grey = (Color.parse(c) for c in ("#FFFFFF", "#000000", "#767676"))
    assert ratio(white, black) == pytest.approx(21)
    assert ratio(grey, white) == pytest.approx(4.54, abs=0.01)
    assert ratio(Color(119, 119, 119), white) == pytest.approx(4.48, abs=0.01)
    assert ratio(white, white) == 1


@pytest.mark.parametrize("theme", [*OURS, *COLOURED], ids=lambda theme: theme.name)
def test_every_text_is_legible(theme: Theme) -> None:
    roles = palette(theme)
    assert worst(roles) == {}
    for ground in ("background", "surface", "panel"):
        edge, below = Color.parse(roles.edge), Color.parse(roles.grounds[ground])
        assert ratio(edge, below) >= EDGE
    made = variables(theme)
    on_accent, accent = Color.parse(made["on-accent"]), Color.parse(made["accent"])
    assert ratio(on_accent, accent) >= TEXT


def test_what_cannot_be_read_is_moved_until_it_can() -> None:
    blue, black = Color.parse("#0000AA"), Color.parse("#000000")
    assert ratio(blue, black) < TEXT <= ratio(legible(blue, [black]), black)
    assert legible(Color.parse("#FFFFFF"), [black]).hex == "#FFFFFF"


@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_the_colours_of_the_terminal_are_legible_on_its_ground(name: str) -> None:
    theme = BUILTIN_THEMES[name]
    made = variables(theme)
    ground = ColorTriplet(0, 0, 0) if theme.dark else ColorTriplet(255, 255, 255)
    for role in ("accent", "gla", "fox", "ttt", "error", "warning", "success"):
        number = Color.parse(made[role]).ansi
        assert number is not None and number >= 0
        found = DEFAULT_TERMINAL_THEME.ansi_colors[number]
        assert ratio(Color(*found), Color(*ground)) >= TEXT, role
    for role in ("text", "text-muted", "text-faint"):
        assert made[role] == "ansi_default"
    # What stands on the accent is legible, too.
    on, below = (Color.parse(made[n]).ansi for n in ("on-accent", "accent"))
    assert on is not None and below is not None
    numbered = DEFAULT_TERMINAL_THEME.ansi_colors
    assert ratio(Color(*numbered[on]), Color(*numbered[below])) >= TEXT


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_what_is_selected_is_reversed_in_sixteen_colours(
    sit_down: Sit, theme: str
) -> None:
    def styles(desk: Desk) -> list[tuple[str, Style]]:
        strips = desk.app.screen._compositor.render_strips()
        return [(p.text, p.style) for strip in strips for p in strip if p.style]

    def reversed_texts(desk: Desk) -> str:
        return "".join(text for text, style in styles(desk) if style.reverse)

    async def visit(desk: Desk) -> None:
        await desk.say("My name is Bob.")
        await desk.press("ctrl+f", *"bob")
        await desk.until(lambda: "Titles" in desk.seen())
        # The first title is chosen, and the message below it is not.
        await desk.until(lambda: "My name is Bob." in reversed_texts(desk))
        assert reversed_texts(desk).count("My name is Bob.") == 1
        await desk.press("escape", "escape", "ctrl+p")
        await desk.until(lambda: "Keys and commands" in reversed_texts(desk))
        # The colour that stands for it is not written.
        grounds = [style.bgcolor for _, style in styles(desk)]
        assert all(ground is None or ground.number != 8 for ground in grounds)

    sit_down(visit, theme=theme)


@pytest.mark.parametrize("roles", [DARK, LIGHT], ids=["dark", "light"])
def test_sixteen_colours_leave_text_legible(roles: Palette) -> None:
    def shown(colour: str) -> Color:
        rich = Color.parse(colour).rich_color.downgrade(ColorSystem.STANDARD)
        return Color(*rich.get_truecolor(DEFAULT_TERMINAL_THEME))

    for ground in ("background", "surface", "panel"):
        for ink in ("text", "muted"):
            below = shown(roles.grounds[ground])
            assert ratio(shown(roles.inks[ink]), below) >= EDGE, (ink, ground)


@pytest.mark.parametrize("theme", ["ansi-dark", "genesis-light"])
def test_without_colours_nothing_has_any(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def visit(desk: Desk) -> None:
        await desk.press("f4")
        await desk.until(lambda: "Chat settings" in desk.seen())
        strips = desk.app.screen._compositor.render_strips()
        styles = {part.style for strip in strips for part in strip if part.style}
        assert styles
        for style in styles:
            assert style.color is None and style.bgcolor is None and not style.dim
        # What has the focus is seen.
        assert any(style.reverse for style in styles)

    sit_down(visit, size=WIDE, theme=theme)


def test_auto_goes_with_the_terminal_and_is_kept(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")

    async def visit(desk: Desk) -> None:
        app = desk.app
        assert app.theme == "genesis-light"
        assert app.wear("nord") == ""
        await desk.until(lambda: load().theme == "nord")
        assert app.wear("auto") == ""
        await desk.until(lambda: load().theme == "auto")
        assert app.theme == "genesis-light"
        assert "Did you mean 'genesis-dark'?" in app.wear("genesis-drak")
        # The palette of commands changes the theme by itself.
        app.theme = "dracula"
        await desk.until(lambda: load().theme == "dracula")

    sit_down(visit, theme="auto", dark_terminal=False)


def test_of_sixteen_colours_auto_takes_the_terminals_own(
    sit_down: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    async def visit(desk: Desk) -> None:
        assert desk.app.theme == "ansi-dark"

    sit_down(visit, theme="auto")


def test_themes_of_ones_own(sit_down: Sit, private_home: Path) -> None:
    folder = themes_directory()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('primary = "#336699"\nbackground = "#FFFFFF"\n')
    (folder / "bad.toml").write_text('primary = "bluish"\n')

    async def visit(desk: Desk) -> None:
        assert desk.app.theme == "mine" and not desk.app.current_theme.dark
        assert "mine" in desk.app.theme_names()
        await desk.until(lambda: desk.told("bad.toml has no colour for primary"))
        assert worst(palette(desk.app.current_theme)) == {}

    sit_down(visit, theme="mine", size=WIDE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("primary = ", "cannot be read"),
        ("accent = '#FFFFFF'", "no primary"),
        ("primary = '#123456'\nshade = '#000000'", "'shade'"),
        ("primary = '#123456'\ndark = 'yes'", "true or false"),
        ("primary = 'ansi_blue'", "no colour for primary"),
        ("primary = 7", "no colour for primary"),
    ],
)
def test_a_theme_that_is_none_is_told_in_a_sentence(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says) as told:
        read_theme(path)
    assert "mine.toml" in str(told.value) and str(told.value).endswith(".")


def test_a_theme_that_is_no_file_is_told(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe.toml", tmp_path / "folder.toml"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, says in ((pipe, "it is no ordinary file"), (folder, "a directory")):
        with pytest.raises(UsageError, match=says):
            read_theme(path)


def test_no_stylesheet_and_no_widget_has_a_colour_of_its_own() -> None:
    import re

    import genesis_chat.tui

    root = Path(genesis_chat.tui.__file__).parent
    # Colours as numbers, and names that Textual knows as colours.
    own = re.compile(r"#[0-9a-fA-F]{6}\b|\b(?:rgb|hsl)a?\(|\bansi_\w+")
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in [*root.rglob("*.tcss"), *root.rglob("*.py")]
        if path.parent.name != "theme" or path.suffix == ".tcss"
        for line in path.read_text(encoding="utf-8").splitlines()
        if own.search(line)
    ]
    assert found == []
