"""A list of OpenAI's messages as a conversation that an engine takes."""

from ..engine import Exchange
from .errors import unsupported, wrong
from .fields import Fields, characters

SYSTEM = ("system", "developer")
# What clients send back of a reply that had none of it.
NOTHING = {
    "refusal": ("",),
    "annotations": ([],),
    "audio": (),
    "tool_calls": ([],),
    "function_call": (),
}


def conversation(
    messages: object, path: str = "messages"
) -> tuple[str | None, tuple[Exchange, ...], str]:
    """The system prompt, the exchanges so far, and the message to reply to.

    Messages of one role in a row become one, as paragraphs. Without a system message
    the prompt is None. Raises `ApiError`.
    """
    if not isinstance(messages, list) or not messages:
        raise wrong(path, "must be a list of messages, with one at least.")
    system: list[str] | None = None
    said: list[tuple[str, list[str], str]] = []
    for number, message in enumerate(messages):
        where = f"{path}[{number}]"
        role, text, thought = _message(message, where)
        if role in SYSTEM:
            if said:
                raise unsupported(
                    f"{where}.role", f"a {role} message can only stand at the start."
                )
            system = [*(system or []), text]
        elif said and said[-1][0] == role:
            said[-1][1].append(text)
        elif not said and role == "assistant":
            raise unsupported(f"{where}.role", "the first message must be a user's.")
        else:
            said.append((role, [text], thought))
    if not said or said[-1][0] != "user":
        raise unsupported(f"{path}[{len(messages) - 1}].role", "must be user.")
    texts = ["\n\n".join(parts) for _, parts, _ in said]
    thoughts = [thought for *_, thought in said]
    exchanges = zip(texts[:-1:2], texts[1::2], thoughts[1::2], strict=True)
    return (
        None if system is None else "\n\n".join(system),
        tuple(Exchange(asked, reply, (), th) for asked, reply, th in exchanges),
        texts[-1],
    )


def _message(message: object, where: str) -> tuple[str, str, str]:
    """Its role, its text and the thought before it."""
    fields = Fields(message, where)
    role = fields.any("role")
    if role in ("tool", "function"):
        raise unsupported(f"{where}.role", "tools are not supported.")
    if role not in (*SYSTEM, "user", "assistant"):
        raise wrong(f"{where}.role", "must be system, developer, user or assistant.")
    thought = ""
    if role == "assistant":
        fields.only(NOTHING, "is not supported; leave it out.")
        thought = fields.text("reasoning_content") or ""
    text = _text(fields.any("content"), f"{where}.content")
    fields.only({"name": ("",)}, "is not supported; leave it out.")
    fields.finish()
    return role, text, thought


def _text(content: object, where: str) -> str:
    if isinstance(content, str):
        return characters(content)
    if not isinstance(content, list):
        raise wrong(where, "must be a string or a list of parts with text.")
    texts = []
    for number, part in enumerate(content):
        fields = Fields(part, f"{where}[{number}]")
        kind = fields.any("type")
        if kind != "text":
            raise unsupported(
                f"{where}[{number}].type", "only text can be read: no images or files."
            )
        texts.append(fields.text("text") or "")
        fields.finish()
    return "".join(texts)
