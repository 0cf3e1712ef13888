"""What was taken out of the composer and is not yet where it belongs."""

from dataclasses import dataclass

from .folding import Folds
from .recall import Left


@dataclass
class Taken:
    """A text that is on its way, with its marks, and what was begun before it."""

    text: str
    folds: Folds
    left: Left

    @property
    def begun(self) -> str:
        """The latter, with every fold opened."""
        return self.folds.unfold(self.left.begun)

    @property
    def folded(self) -> list[tuple[str, str]]:
        """What the marks in it stand for, with their names."""
        return self.folds.of(self.left.begun)
