"""Files in a message."""

import asyncio
from pathlib import Path

from ....errors import UsageError
from ....paths import user_path
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
            return await asyncio.to_thread(_read_text, user_path(path))
        except UsageError as error:
            self.tell(str(error), error=True)
        except UnicodeDecodeError:
            self.tell(f"{path} is not text in UTF-8.", error=True)
        except OSError as error:
            self.tell(f"{path} cannot be read: {error.strerror}.", error=True)
        return None

    async def _attach_below(self, path: str) -> None:
        """Put a file in place of the last line, which names it."""
        text = await self._text_of(path)
        if text is not None:
            end = self.composer.document.end
            self.composer.delete((end[0], 0), end)
            self.composer.move_cursor(self.composer.document.end)
            self.composer.attach(Path(path).name, text)


def _read_text(path: Path) -> str:
    """A file's text. Raises `UsageError`, `OSError` and `UnicodeDecodeError`."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file; only a file can be attached.")
    with path.open("rb") as file:
        data = file.read(LARGEST_ATTACHMENT + 1)
    if len(data) > LARGEST_ATTACHMENT:
        raise UsageError(f"{path} is larger than 1 MB.")
    return data.decode("utf-8-sig")
