"""The roles that colours have here, and our own two sets of them."""

from dataclasses import dataclass, fields

from textual.color import Color
from textual.theme import Theme

from .contrast import EDGE, TEXT, legible


@dataclass(frozen=True)
class Palette:
    """A colour for every role.

    Text stands on `background`, `surface` (what is set apart: lists, messages of a
    person, the composer), `panel` (what lies above: dialogs, code) or `selected`
    (what has the cursor). `line` divides, `edge` bounds what can be operated.
    `accent` is for the focus, keys and the current thing; `gla`, `fox` and `ttt` are
    the mixers, whose hues code borrows.
    """

    background: str
    surface: str
    panel: str
    line: str
    edge: str
    selected: str
    text: str
    muted: str
    faint: str
    accent: str
    gla: str
    fox: str
    ttt: str
    error: str
    warning: str
    success: str

    @property
    def grounds(self) -> dict[str, str]:
        """What text stands on, by role."""
        names = ("background", "surface", "panel", "selected")
        return {name: getattr(self, name) for name in names}

    @property
    def inks(self) -> dict[str, str]:
        """What text is written in, by role."""
        others = {*self.grounds, "line", "edge"}
        names = (each.name for each in fields(self) if each.name not in others)
        return {name: getattr(self, name) for name in names}


DARK = Palette(
    background="#0F1216",
    surface="#171B21",
    panel="#20262E",
    line="#303842",
    edge="#66717F",
    selected="#1E3A38",
    text="#E4E7EB",
    muted="#A3ADB9",
    faint="#8590A0",
    accent="#5CC9B0",
    gla="#74AEF5",
    fox="#E5AC5E",
    ttt="#C79BF2",
    error="#F28B82",
    warning="#E5C07B",
    success="#8CCF9B",
)
LIGHT = Palette(
    background="#FCFCFA",
    surface="#F3F3EF",
    panel="#E8E8E3",
    line="#D2D2CB",
    edge="#7D838C",
    selected="#D3ECE5",
    text="#1C1F23",
    muted="#535A64",
    faint="#5D646F",
    accent="#0A6F5E",
    gla="#1E5FB8",
    fox="#8A5200",
    ttt="#7437B4",
    error="#B3261E",
    warning="#7D5500",
    success="#1A6E38",
)


def palette_of(theme: Theme) -> Palette:
    """The roles of a theme that is not our own, with every text legible."""
    made = theme.to_color_system().generate() | theme.variables
    ours = DARK if theme.dark else LIGHT

    def opaque(name: str) -> Color:
        found = Color.parse(made[name])
        return background.blend(found, found.a, 1.0) if found.a < 1 else found

    background = Color.parse(made["background"])
    surface, panel = opaque("surface"), opaque("panel")
    accent = legible(opaque("accent"), [background, surface, panel])
    grounds = [background, surface, panel]
    selected = surface.blend(accent, 0.22, 1.0)
    text = legible(opaque("foreground"), [*grounds, selected])

    def ink(color: Color) -> str:
        return legible(color, [*grounds, selected]).hex

    return Palette(
        background=background.hex,
        surface=surface.hex,
        panel=panel.hex,
        line=background.blend(text, 0.2, 1.0).hex,
        edge=legible(background.blend(text, 0.4, 1.0), grounds, EDGE).hex,
        selected=selected.hex,
        text=text.hex,
        muted=ink(text.blend(background, 0.3, 1.0)),
        faint=legible(text.blend(background, 0.42, 1.0), grounds, TEXT).hex,
        accent=ink(accent),
        gla=ink(Color.parse(ours.gla)),
        fox=ink(Color.parse(ours.fox)),
        ttt=ink(Color.parse(ours.ttt)),
        error=ink(opaque("error")),
        warning=ink(opaque("warning")),
        success=ink(opaque("success")),
    )
