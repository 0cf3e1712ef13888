"""The forms that lines of training data have.

`{"messages": [{"role", "content"}, ...]}` as OpenAI's fine-tuning has it, ShareGPT's
`{"conversations": [{"from", "value"}, ...]}`, `{"prompt", "completion"}` and
`{"text"}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...conversation import Message, Role
from .sample import BadLineError, Sample

EXPECTED = '"messages", "prompt" and "completion", or "text"'
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}


def sample_of(value: object, place: str) -> Sample:
    """A line's value as a sample. Raises `BadLineError`."""
    if not isinstance(value, Mapping):
        raise BadLineError(f"it is no JSON object with {EXPECTED}")
    for key, role, content in (
        ("messages", "role", "content"),
        ("conversations", "from", "value"),
    ):
        if key in value:
            return _conversation(value, key, role, content, place)
    if "prompt" in value or "completion" in value:
        said = [_text(value, "prompt"), _text(value, "completion")]
        system = value.get("system")
        given = [Message("system", system)] if isinstance(system, str) else []
        turns = (*given, Message("user", said[0]), Message("assistant", said[1]))
        return _checked(turns, [False] * len(given) + [False, True], place)
    if "text" in value:
        return Sample(place, text=_text(value, "text"))
    raise BadLineError(f"it has none of {EXPECTED}")


def _conversation(
    value: Mapping[str, Any], key: str, role_key: str, content_key: str, place: str
) -> Sample:
    given = value[key]
    if not isinstance(given, list) or not given:
        raise BadLineError(f'"{key}" is no list of messages')
    messages, learnt = [], []
    if isinstance(system := value.get("system"), str) and system.strip():
        messages, learnt = [Message("system", system)], [False]
    for number, each in enumerate(given, 1):
        if not isinstance(each, Mapping):
            raise BadLineError(f"message {number} is no JSON object")
        role = ROLES.get(str(each.get(role_key)))
        if role is None:
            raise BadLineError(
                f'message {number} has the {role_key} "{each.get(role_key)}"; known '
                "are system, user and assistant"
            )
        content = _content(each.get(content_key))
        if content is None:
            raise BadLineError(f'message {number} has no text as "{content_key}"')
        messages.append(Message(cast(Role, role), content))
        # OpenAI's way of leaving a reply out of what is learnt.
        learnt.append(role == "assistant" and each.get("weight", 1) != 0)
    return _checked(tuple(messages), learnt, place)


def _content(value: object) -> str | None:
    """A content that is a text, or a list of parts that all are."""
    if isinstance(value, list):
        parts = [
            each.get("text") if isinstance(each, Mapping) else each for each in value
        ]
        if parts and all(isinstance(part, str) for part in parts):
            return "\n".join(cast(list[str], parts))
        return None
    return value if isinstance(value, str) else None


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if key not in value:
        raise BadLineError(f'"{key}" is missing')
    if not isinstance(found, str):
        raise BadLineError(f'"{key}" is no text')
    if not found.strip():
        raise BadLineError(f'"{key}" is empty')
    return found


def _checked(messages: Sequence[Message], learnt: Sequence[bool], place: str) -> Sample:
    """The sample, if its turns are in order and there is something to learn."""
    turns = [m for m in messages if m.role != "system"]
    if any(m.role == "system" for m in messages[1:]):
        raise BadLineError("a system message stands behind another one")
    if not any(m.role == "assistant" for m in turns):
        raise BadLineError("it has no reply of the assistant")
    for number, message in enumerate(turns):
        wanted = "assistant" if number % 2 else "user"
        if message.role != wanted:
            raise BadLineError(
                f"the {message.role} speaks where the {wanted} has the turn; they must "
                "take turns, the user first"
            )
        if message.role == "assistant" and not message.content.strip():
            raise BadLineError("a reply of the assistant is empty")
    if turns[-1].role == "user":
        # Nothing can be learnt from a question without an answer.
        messages, learnt = messages[:-1], learnt[:-1]
    if not any(learnt):
        raise BadLineError("every reply has the weight 0, so that nothing is learnt")
    return Sample(place, tuple(messages), tuple(learnt))
