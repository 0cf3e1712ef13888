"""How full something is, as a bar of one row that is read without colours too."""

from textual.content import Content

FULL, EMPTY = "━", "─"


def gauge(share: float, width: int, style: str = "$accent") -> Content:
    """A bar; anything at all fills at least one cell of it."""
    share = min(1.0, max(0.0, share))
    filled = max(1, round(width * share)) if share else 0
    return Content.assemble((FULL * filled, style), (EMPTY * (width - filled), "$edge"))
