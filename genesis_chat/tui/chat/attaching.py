"""Files in a message."""

import asyncio
from pathlib import Path

from ...errors import UsageError
from ...paths import user_path
from ...text_files import TextFileError, read_text
from .watching import Watching

# More would not fit any context.
LARGEST_ATTACHMENT = 1 << 20
ATTACH = "/attach "


class Attaching(Watching):
    """Puts text files into the composer."""

    async def command_attach(self, rest: str) -> None:
        text = await self._text_of(rest)
        if text is not None:
            self.composer.attach(Path(rest).name, text)

    async def _text_of(self, path: str) -> str | None:
        """A text file's content; None, and a notice, when there is none."""
        try:
            found = await asyncio.to_thread(
                read_text, user_path(path), LARGEST_ATTACHMENT, regular=True
            )
        except UsageError as error:
            self.tell(str(error), error=True)
        except TextFileError as error:
            self.tell(f"{path} {error}.", error=True)
        except OSError as error:
            self.tell(f"{path} cannot be read: {error.strerror}.", error=True)
        else:
            if problem := found.problem(path):
                self.tell(problem)
            return found.text
        return None

    async def _attach_below(self, path: str) -> None:
        """Put a file in place of the last line of what was sent, which names it."""
        text = await self._text_of(path)
        self.composer.give_back(
            file=(Path(path).name, text) if text is not None else None
        )
