"""The colours of mixers and tokens, legible on whatever theme there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from textual.app import App
from textual.color import Color
from textual.style import Style
from textual.widget import Widget

from ..theme.contrast import TEXT, ratio
from ..widgets.tints import STEPS

# The most of a hue that a tint has, where the text stays legible.
STRONGEST = 0.6
# The roles of the theme that they are.
ROLES = {"gla": "gla", "fox": "fox", "ttt": "ttt", "ok": "success"}
# What transcripts are coloured in; a hue of a mixer's means that mixer.
OF_MODES = {"attention": "fox", "surprise": "ttt", "certainty": "ok"}


@dataclass(frozen=True)
class Hues:
    """Colours on a background: `variables` are the theme's."""

    variables: Mapping[str, str]
    background: Color
    text: Color

    @classmethod
    def of(cls, widget: Widget) -> Self:
        """The colours where a widget is."""
        _, _, background, color = widget.colors
        solid = color.with_alpha(1)
        return cls(
            widget.app.theme_variables, background, background.blend(solid, color.a)
        )

    def hue(self, name: str) -> Color:
        """A hue as the theme has it, as a field."""
        return Color.parse(self.variables[ROLES[name]])

    def ink(self, name: str) -> Color:
        """What to write in: a hue, `text`, `muted`, or the theme's `accent`."""
        if name == "text":
            return self.text
        if name == "muted":
            return self._legible(self.text.blend(self.background, 0.4))
        if name == "accent" and (own := self.variables.get(name)):
            return self._legible(Color.parse(own))
        return self._legible(self.hue(name if name in ROLES else "ok"))

    def field(self, name: str, level: float) -> Color:
        """A field whose colour is a level from 0 to 1; 0 is still seen to be one."""
        return self.background.blend(self.hue(name), 0.06 + 0.94 * level)

    def tints(self, name: str) -> list[Style]:
        """Styles for text, one for each level, the lowest being no tint at all.

        They lie over the background that a message has, whichever that is.
        """
        hue, strongest = self.hue(name), STRONGEST
        while strongest > 0 and self._contrast(hue, strongest) < TEXT:
            strongest -= 0.02
        shares = (strongest * n / (STEPS - 1) for n in range(STEPS))
        return [Style(hue.with_alpha(share), self.text) for share in shares]

    def _contrast(self, hue: Color, share: float) -> float:
        """The lowest contrast of the text on a tint, on all that messages lie on."""
        named = (self.variables.get(each) for each in ("surface", "panel", "boost"))
        below = [
            self.background,
            *(self.background + Color.parse(c) for c in named if c),
        ]
        return min(ratio(each.blend(hue, share), self.text) for each in below)

    def _legible(self, color: Color) -> Color:
        for share in range(11):
            found = color.blend(self.text, share / 10)
            if ratio(found, self.background) >= TEXT:
                return found
        return self.text


def marks() -> list[Style]:
    """Styles for text where there are no colours, one for each level."""
    kinds = (
        Style(dim=True),
        Style(),
        Style(bold=True),
        Style(bold=True, underline=True),
    )
    return [kinds[n * len(kinds) // STEPS] for n in range(STEPS)]


def has_colours(app: App[Any]) -> bool:
    """Whether shades of a hue can be told apart on this terminal."""
    if app.no_color or app.native_ansi_color:
        return False
    return app.is_headless or app.console.color_system in ("256", "truecolor")
