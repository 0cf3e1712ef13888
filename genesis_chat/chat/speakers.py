"""Who is said to have written a message, wherever it is shown."""

from ..engine import ModelFacts
from ..history import StoredMessage
from ..speaker import speaker_of_reply

YOU = "You"


def speaker_of_message(message: StoredMessage, loaded: ModelFacts | None = None) -> str:
    """You, or the model or program that wrote it, as far as anybody noted.

    A model that is `loaded` knows better what it is called.
    """
    if message.role == "user":
        return YOU
    receipt = message.receipt
    return speaker_of_reply(receipt.model if receipt else None, loaded)
