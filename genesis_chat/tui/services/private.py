"""A history that goes when it is closed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from .history import History


class PrivateHistory(History):
    """A history in a folder of its own, which is gone once it is closed.

    Raises `OSError` when there is no room for the folder.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="private-")
        # What was just made is not damaged.
        super().__init__(Path(self._folder.name) / "history.sqlite3", lambda told: None)

    def close(self) -> None:
        """Let go of everything in it."""
        super().close()
        self._folder.cleanup()
