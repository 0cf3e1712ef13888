"""What may follow what is written after a slash."""

import time
from collections.abc import Iterator
from dataclasses import asdict

from textual import on
from textual.widgets import TextArea

from ..widgets.completion import Completion, Offer
from ..widgets.composer import Composer
from .commanding import Commanding
from .offers import Arguments, offers


class Completing(Commanding):
    """Offers commands and what may follow them, above the composer."""

    @on(TextArea.Changed)
    def offer(self, event: TextArea.Changed) -> None:
        if isinstance(event.text_area, Composer):
            self.typed = time.monotonic()
            self.keep_draft_soon()
            text = event.text_area.text
            found = offers(text, self._arguments)
            # Of what follows a command nothing is chosen before a letter of it is
            # written: Enter alone does nothing then that nobody saw.
            begun = text == "/" or not text.endswith((" ", "/"))
            self.query_one(Completion).offer(found, choose=begun)
            event.text_area.completing = bool(found)

    @property
    def _arguments(self) -> Arguments:
        """What may follow a command."""

        def settings() -> Iterator[tuple[str, str]]:
            for name, value in asdict(self.settings).items():
                yield name, f"is {'none' if value is None else value}"

        return {
            "model": lambda: [(name, "") for name in self.genesis.model_names()],
            "set": settings,
            "theme": lambda: [(n, "") for n in sorted(self.app.available_themes)],
        }

    @on(Composer.Completing)
    async def complete(self, event: Composer.Completing) -> None:
        completion, composer = self.query_one(Completion), self.composer
        chosen = completion.chosen
        if event.key == "enter":
            try:
                await self._accept(event.text, chosen)
            finally:
                composer.settle()
            return
        match event.key:
            case "up":
                completion.action_cursor_up()
            case "down":
                completion.action_cursor_down()
            case "escape":
                completion.display = composer.completing = False
            case "tab" if chosen is None:
                completion.action_cursor_down()
            case _ if chosen:
                composer.text = chosen.text
                composer.move_cursor(composer.document.end)

    async def _accept(self, text: str, chosen: Offer | None) -> None:
        """Enter, which took the text out of the composer."""
        # A value is missing still: the command says which.
        bare = chosen and " " in text and chosen.text.strip() == text.strip()
        if chosen is None or chosen.whole or bare:
            self.query_one(Completion).display = self.composer.completing = False
            await self.send_text(chosen.text if chosen else text)
        else:
            self.composer.give_back(chosen.text)
