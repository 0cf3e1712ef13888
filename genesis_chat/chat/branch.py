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
    exchanges: list[Exchange] = []
    question: StoredMessage | None = None
    for message in branch:
        if message.role == "user":
            question = message
        elif not message.content and not message.token_ids:
            continue
        elif question is not None:
            receipt = message.receipt
            same = receipt is not None and receipt.model_sha256 == sha256 is not None
            ids = message.token_ids if same and message.status != "damaged" else ()
            exchanges.append(Exchange(question.content, message.content, ids))
            question = None
        elif exchanges:
            last = exchanges.pop()
            reply = f"{last.reply}\n\n{message.content}"
            exchanges.append(Exchange(last.content, reply))
    return tuple(exchanges)
