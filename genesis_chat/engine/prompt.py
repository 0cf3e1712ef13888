"""Token ids of a conversation, in the form the model was tuned on.

Each turn is `<|im_start|>{role}\\n{content}\\n<|im_end|>\\n`. Control tokens are
constants and everything between them is encoded as content, so no text can forge one.
"""

from converters import Tokenizer

from ..conversation import Message


def encode_message(tokenizer: Tokenizer, message: Message) -> list[int]:
    """One whole turn."""
    return [
        tokenizer.im_start,
        *tokenizer.encode(f"{message.role}\n{message.content}\n"),
        tokenizer.im_end,
        *tokenizer.encode("\n"),
    ]


def reply_header(tokenizer: Tokenizer) -> list[int]:
    """What stands before the model's reply."""
    return [tokenizer.im_start, *tokenizer.encode("assistant\n")]


def reply_footer(tokenizer: Tokenizer, reply: list[int]) -> list[int]:
    """What completes a reply's turn, given the ids the model produced."""
    newline = tokenizer.encode("\n")
    if reply and reply[-1] == tokenizer.im_end:
        return newline
    return [*newline, tokenizer.im_end, *newline]
