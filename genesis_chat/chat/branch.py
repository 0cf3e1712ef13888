"""A stored branch as the exchanges an engine takes."""

from collections.abc import Sequence

from ..engine import Exchange
from ..history import StoredMessage


def exchanges_of(
    branch: Sequence[StoredMessage], sha256: str | None
) -> tuple[Exchange, ...]:
    """Questions with their replies; a question nobody answered is left out.

    An imported conversation may have several replies in a row: they become one.
    Token ids are taken from replies of the model whose weights have this `sha256`.
    """
    return tuple(exchange for _, exchange in _placed(branch, sha256))


def starts_of(branch: Sequence[StoredMessage]) -> list[int]:
    """Where in a branch the question of each exchange stands."""
    return [place for place, _ in _placed(branch, None)]


def _placed(
    branch: Sequence[StoredMessage], sha256: str | None
) -> list[tuple[int, Exchange]]:
    exchanges: list[tuple[int, Exchange]] = []
    question: StoredMessage | None = None
    asked = 0
    for place, message in enumerate(branch):
        if message.role == "user":
            question, asked = message, place
        elif not message.content and not message.token_ids:
            continue
        elif question is not None:
            receipt = message.receipt
            same = receipt is not None and receipt.model_sha256 == sha256 is not None
            ids = message.token_ids if same and message.status != "damaged" else ()
            thought = message.thought
            said = Exchange(question.content, message.content, ids, thought)
            exchanges.append((asked, said))
            question = None
        elif exchanges:
            start, last = exchanges.pop()
            reply = f"{last.reply}\n\n{message.content}"
            exchanges.append((start, Exchange(last.content, reply)))
    return exchanges
