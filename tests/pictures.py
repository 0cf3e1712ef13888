"""Pictures of the interface, compared with those that somebody has looked at."""

import os
import re
from pathlib import Path

from desk import Desk

FOLDER = Path(__file__).parent / "interface" / "pictures"
# Written anew with GENESIS_PICTURES=write; look at what changed before it is kept.
WRITE = os.environ.get("GENESIS_PICTURES") == "write"


async def compare(desk: Desk, name: str) -> None:
    """Wait until the screen looks as its picture does; to write it, until it rests."""
    path, found = FOLDER / f"{name}.svg", ""
    expected = "" if WRITE else path.read_text(encoding="utf-8")

    def alike() -> bool:
        nonlocal found
        before, found = found, _picture(desk)
        return found == (before if WRITE else expected)

    try:
        await desk.until(alike, every=0.3 if WRITE else 0.01)
    except TimeoutError:
        seen = Path(os.environ.get("GENESIS_PICTURES", "build/pictures"))
        seen.mkdir(parents=True, exist_ok=True)
        (seen / path.name).write_text(found, encoding="utf-8")
        raise AssertionError(
            f"{name} looks different: compare {path} with {seen / path.name}; "
            "GENESIS_PICTURES=write keeps the new one."
        ) from None
    if WRITE:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")


async def settled(desk: Desk) -> None:
    """Wait until nothing moves any more."""
    desk.chat.workspace.show_memory()
    desk.app.clear_notifications()
    await desk.pilot.wait_for_scheduled_animations()


async def show(desk: Desk, name: str) -> None:
    """Compare the screen with a picture once it rests."""
    await settled(desk)
    await compare(desk, name)


async def become(desk: Desk, size: tuple[int, int], theme: str) -> None:
    """Another terminal and another theme, while the program runs."""
    desk.app.theme = theme
    await desk.pilot.resize_terminal(*size)
    await desk.until(lambda: desk.app.size == size)
    await desk.pilot.pause()


def _picture(desk: Desk) -> str:
    """The screen without fonts from the network and without numbers of its own."""
    svg = desk.app.export_screenshot(title="Genesis Chat")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
