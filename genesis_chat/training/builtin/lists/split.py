"""Lists written as text."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def lines(text: str) -> tuple[str, ...]:
    """The lines of a text that are not empty, without the space around them."""
    return tuple(line for line in map(str.strip, text.split("\n")) if line)
