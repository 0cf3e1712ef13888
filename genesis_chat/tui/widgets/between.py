"""Lines that stand between the messages of a conversation."""

from textual.widgets import Static

from ...text import counted


class ContextLine(Static):
    """Stands where the model's context begins: what is above it was left out."""

    def __init__(self) -> None:
        super().__init__("── the model no longer sees anything above ──", markup=False)


class Beyond(Static):
    """Says how many messages there are beyond those that are mounted."""

    def __init__(self) -> None:
        super().__init__(classes="beyond", markup=False)

    def show(self, sign: str, where: str, count: int) -> None:
        """There are so many, earlier or later; nothing is shown for none."""
        self.display = bool(count)
        self.update(f"{sign} {counted(count, f'{where} message')}")
