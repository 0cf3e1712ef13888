"""The line under a message."""

from textual.content import Content
from textual.message import Message
from textual.style import Style

from .fitting import Fitting
from .shown import line
from .shown_message import Shown


class Foot(Fitting):
    """Its arrows between versions are buttons."""

    def __init__(self) -> None:
        super().__init__("foot")
        self.add_class("foot")

    class Version(Message):
        """The version before or after is wanted."""

        def __init__(self, step: int) -> None:
            self.step = step
            super().__init__()

    def show(self, shown: Shown, *, details: bool) -> None:
        """Who wrote it, its versions and figures; with `details` when, and the model.

        Where there is little room the model is left out first, then the figures from
        the last one on, then who wrote it; the time stays.
        """
        parts: list[Content] = []
        if not shown.asked:
            parts.append(Content.styled(line(shown.speaker).plain, "$text-muted bold"))
        if shown.places > 1:
            parts.append(versions(shown.place, shown.places))
        figures = shown.figures.split(" · ") if shown.figures else []
        forms = [
            [*parts, Content(" · ".join(figures[:end]))] if end else parts
            for end in range(len(figures), -1, -1)
        ]
        if details and not shown.asked:
            time = Content(shown.time)
            whole = [*forms[0], Content(shown.written)]
            short = [[*parts[n:], time] for n in range(1, len(parts) + 1)]
            forms = [whole, *([*form, time] for form in forms), *short]
        self.say(*map(Content("   ").join, forms))
        self.display = any(forms)

    def action_version(self, step: int) -> None:
        self.post_message(self.Version(step))


def versions(place: int, places: int) -> Content:
    """At which of the versions one is, counted from 1, between arrows."""
    before, after = (
        Content.styled(sign, "$text").stylize(
            Style.from_meta({"@click": f"version({step})"})
        )
        for sign, step in (("‹", -1), ("›", 1))
    )
    return Content.assemble(before, (f" {place} of {places} ", "$text"), after)
