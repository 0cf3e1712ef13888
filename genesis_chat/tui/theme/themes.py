"""Our own themes, and those that a person wrote."""

import tomllib
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from ...errors import UsageError
from ...text import sanitize
from ...text_files import LARGEST_WRITTEN, TextFileError, read_text
from .palette import DARK, LIGHT, Palette

AUTO = "auto"
# The names that a theme file may give colours to.
ROLES = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "warning",
    "error",
    "success",
)


def _theme(name: str, palette: Palette, *, dark: bool) -> Theme:
    return Theme(
        name,
        primary=palette.accent,
        accent=palette.accent,
        foreground=palette.text,
        background=palette.background,
        surface=palette.surface,
        panel=palette.panel,
        warning=palette.warning,
        error=palette.error,
        success=palette.success,
        dark=dark,
    )


GENESIS_DARK = _theme("genesis-dark", DARK, dark=True)
GENESIS_LIGHT = _theme("genesis-light", LIGHT, dark=False)


def read_themes(folder: Path) -> tuple[list[Theme], list[str]]:
    """The themes of a folder's `*.toml`, and a sentence for each that is none.

    A theme is called as its file is. `primary` must be there; `dark` says whether it
    is for dark screens, and says so where it is missing by its background.
    """
    themes, problems = [], []
    try:
        paths = sorted(folder.glob("*.toml"))
    except OSError as error:
        return [], [f"The themes in {folder} cannot be read: {error.strerror}."]
    for path in paths:
        try:
            themes.append(read_theme(path))
        except UsageError as error:
            problems.append(str(error))
    return themes, problems


def read_theme(path: Path) -> Theme:
    """The theme in a file. Raises `UsageError`, a sentence that names the file."""
    try:
        found = tomllib.loads(read_text(path, LARGEST_WRITTEN, regular=True).text)
    except (OSError, ValueError, TextFileError) as error:
        reason = getattr(error, "strerror", None) or sanitize(str(error))
        if isinstance(error, TextFileError):
            reason = f"it {reason}"
        raise UsageError(
            f"The theme {path} cannot be read: {reason}. Correct it, or move it away."
        ) from None
    dark = found.pop("dark", None)
    if not isinstance(dark, bool | None):
        raise UsageError(f"The theme {path} must have true or false for dark.")
    for name, value in found.items():
        if name not in ROLES:
            raise UsageError(
                f"The theme {path} has a colour {sanitize(name)!r}; use "
                f"{', '.join(ROLES)} or dark."
            )
        _checked(path, name, value)
    if "primary" not in found:
        raise UsageError(f"The theme {path} has no primary; add primary = '#RRGGBB'.")
    theme = Theme(sanitize(path.stem), **found)
    if dark is None:
        ground = found.get("background")
        dark = ground is None or Color.parse(ground).brightness < 0.5
    theme.dark = dark
    return theme


def _checked(path: Path, name: str, value: object) -> None:
    try:
        if not isinstance(value, str) or Color.parse(value).ansi is not None:
            raise ValueError
    except (ColorParseError, ValueError):
        raise UsageError(
            f"The theme {path} has no colour for {name}; write one as '#RRGGBB'."
        ) from None
