"""A text in a person's own editor, which has the terminal meanwhile."""

import click

from ...errors import GenesisChatError


def edited(text: str) -> str | None:
    """What somebody made of a text; None where it was not saved.

    Raises `GenesisChatError` where the editor failed.
    """
    try:
        return click.edit(text, extension=".md", require_save=True)
    except click.ClickException as error:
        failure = error.format_message()
    except (OSError, ValueError) as error:
        failure = str(error)
    raise GenesisChatError(f"The editor failed: {failure}")
