"""The variables that stylesheets and contents name, from a theme's roles."""

from dataclasses import asdict, replace

from textual.color import Color
from textual.theme import Theme

from .contrast import ratio
from .palette import DARK, LIGHT, Palette, palette_of
from .reversed import SELECTED

_SHADES = [f"-{way}-{step}" for way in ("lighten", "darken") for step in (1, 2, 3)]
# Without colours what is selected is reversed, for which it has to differ much.
COLOURLESS = replace(DARK, selected="#8590A0", panel=DARK.surface)
# Colours of the terminal's own: the dim half of them cannot be read on a dark screen,
# nor the bright half on a light one.
_ANSI = {
    True: dict(
        accent="ansi_bright_cyan",
        gla="ansi_bright_cyan",
        fox="ansi_bright_yellow",
        ttt="ansi_bright_magenta",
        error="ansi_bright_red",
        warning="ansi_bright_yellow",
        success="ansi_bright_green",
    ),
    False: dict(
        accent="ansi_blue",
        gla="ansi_blue",
        fox="ansi_red",
        ttt="ansi_magenta",
        error="ansi_red",
        warning="ansi_magenta",
        success="ansi_blue",
    ),
}


def palette(theme: Theme, *, colourless: bool = False) -> Palette:
    """The roles of any theme that has colours of its own."""
    if colourless:
        return COLOURLESS
    ours = {"genesis-dark": DARK, "genesis-light": LIGHT}
    return ours.get(theme.name) or palette_of(theme)


def variables(theme: Theme, *, colourless: bool = False) -> dict[str, str]:
    """Every variable: our roles, and what Textual's own widgets ask for."""
    made = theme.to_color_system().generate() | theme.variables
    if theme.ansi and not colourless:
        on_accent = "ansi_black" if theme.dark else "ansi_bright_white"
        return made | _textual(_ansi(theme), on_accent, ansi=True)
    roles = palette(theme, colourless=colourless)
    dark, light = Color.parse(DARK.background), Color.parse("#FFFFFF")
    accent = Color.parse(roles.accent)
    on_accent = max((dark, light), key=lambda each: ratio(each, accent)).hex
    return made | _textual(roles, on_accent, ansi=False)


def _ansi(theme: Theme) -> Palette:
    """The terminal's own colours."""
    plain = dict.fromkeys(asdict(DARK), "ansi_default")
    return Palette(**plain | _ANSI[theme.dark] | {"selected": SELECTED})


def _textual(p: Palette, on_accent: str, *, ansi: bool) -> dict[str, str]:
    tones = {
        "background": p.background,
        "surface": p.surface,
        "panel": p.panel,
        "boost": p.surface,
        "foreground": p.text,
        "primary": p.accent,
        "secondary": p.accent,
        "accent": p.accent,
        "error": p.error,
        "warning": p.warning,
        "success": p.success,
    }
    shaded = {f"{name}{shade}": c for name, c in tones.items() for shade in _SHADES}
    quiet = {f"{name}-muted": p.panel for name in tones}
    return {
        **tones,
        **shaded,
        **quiet,
        "line": p.line,
        "edge": p.edge,
        "selected": p.selected,
        "selected-style": "bold",
        "text": p.text,
        "text-muted": p.muted,
        "text-faint": p.faint,
        "text-disabled": p.faint,
        "text-primary": p.accent,
        "text-secondary": p.accent,
        "text-accent": p.accent,
        "text-error": p.error,
        "text-warning": p.warning,
        "text-success": p.success,
        "on-accent": on_accent,
        "gla": p.gla,
        "fox": p.fox,
        "ttt": p.ttt,
        "foreground-muted": p.muted,
        "foreground-disabled": p.faint,
        "block-cursor-foreground": p.text,
        "block-cursor-background": p.selected,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": p.text,
        "block-cursor-blurred-background": p.selected,
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": p.panel,
        "border": p.accent,
        "border-blurred": p.edge,
        "surface-active": p.panel,
        "scrollbar": p.edge,
        "scrollbar-hover": p.muted,
        "scrollbar-active": p.accent,
        "scrollbar-background": p.surface,
        "scrollbar-background-hover": p.surface,
        "scrollbar-background-active": p.surface,
        "scrollbar-corner-color": p.surface,
        "link-color": p.text,
        "link-style": "underline",
        "link-color-hover": p.accent,
        "link-background-hover": p.background,
        "link-style-hover": "bold underline",
        "footer-foreground": p.muted,
        "footer-background": p.background,
        "footer-key-foreground": p.accent,
        "input-cursor-background": p.text,
        "input-cursor-foreground": p.background,
        "input-cursor-text-style": "reverse" if ansi else "none",
        "input-selection-background": p.selected,
        "input-selection-foreground": p.text,
        "screen-selection-background": p.selected,
        "screen-selection-foreground": p.text,
        "button-foreground": p.text,
        "button-color-foreground": on_accent,
        "button-focus-text-style": "bold",
        **{f"markdown-h{level}-color": p.text for level in range(1, 7)},
        **{f"markdown-h{level}-background": "transparent" for level in range(1, 7)},
        **{f"markdown-h{level}-text-style": "bold" for level in range(1, 7)},
    }
