"""A text in a person's own editor, which has the terminal meanwhile."""

from typing import Any

import click
from textual.app import App

from ...errors import GenesisChatError
from .prints import Prints
from .process import interrupts_ignored


def edited(app: App[Any], prints: Prints, text: str) -> str | None:
    """What somebody made of a text; None where it was not saved.

    Raises `GenesisChatError` where the editor failed.
    """
    with app.suspend(), prints.let_through(), interrupts_ignored():
        # What leaves `suspend` by an exception would leave the terminal as it is.
        try:
            return click.edit(text, extension=".md", require_save=True)
        except click.ClickException as error:
            failure = error.format_message()
        except (OSError, ValueError) as error:
            failure = str(error)
    raise GenesisChatError(f"The editor failed: {failure}")
