"""What may follow what is written after a slash."""

from ..widgets.completion import Completion
from ..widgets.composer import Composer
from .offers import Arguments, offers


class Completing:
    """Offers commands and what may follow them, above the composer.

    Args:
        composer: where they are written.
        completion: the list of offers.
        arguments: what may follow commands.
    """

    def __init__(
        self, composer: Composer, completion: Completion, arguments: Arguments
    ) -> None:
        self._composer, self._completion = composer, completion
        self._arguments = arguments

    def offer(self, text: str) -> None:
        """Offer what a text may become."""
        found = offers(text, self._arguments)
        # Of what follows a command nothing is chosen before a letter of it is
        # written: Enter alone does nothing then that nobody saw.
        begun = text == "/" or not text.endswith((" ", "/"))
        self._completion.offer(found, choose=begun)
        self._composer.completing = bool(found)

    def press(self, key: str) -> None:
        """A key for the list, other than Enter."""
        completion, composer = self._completion, self._composer
        chosen = completion.chosen
        match key:
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

    def accept(self, text: str) -> str | None:
        """Enter, which took a text out of the composer; what is to be done now."""
        chosen = self._completion.chosen
        # A value is missing still: the command says which.
        bare = chosen and " " in text and chosen.text.strip() == text.strip()
        if chosen is None or chosen.whole or bare:
            self._completion.display = self._composer.completing = False
            return chosen.text if chosen else text
        self._composer.give_back(chosen.text)
        return None
