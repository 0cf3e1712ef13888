"""The forms that a sample is written in, those of other programs included."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ...conversation import Message, Role
from .sample import BadLineError, Sample

EXPECTED = (
    'a chat {"messages": [{"role": "user", "content": ...}, {"role": "assistant", '
    '"content": ...}]}, a prompt with its answer {"prompt": ..., "completion": ...} or '
    'a text {"text": ...}'
)
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
}
TOOLS = ("tool", "function", "function_call", "function_response", "observation")
# Names of a list of messages, and within one of who says what.
LISTS = ("messages", "conversations", "conversation")
WHO, WHAT = ("role", "from"), ("content", "value")
THOUGHTS = ("reasoning_content", "thinking", "reasoning")
_LONGEST_SHOWN = 40
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def sample_of(value: object, place: str) -> Sample:
    """The sample that a value of JSON is. Raises `BadLineError`."""
    if not isinstance(value, dict):
        raise BadLineError(f"it is {_KINDS[type(value)]}, not an object", EXPECTED)
    found = {key: each for key, each in value.items() if each is not None}
    for name in LISTS:
        if name in found:
            system = found.get("system", found.get("system_prompt", ""))
            return _chat(_list(found[name], f"'{name}'"), system, place)
    if "prompt" in found and "completion" in found:
        return _pair(found, place)
    if "instruction" in found and "output" in found:
        asked = [_text(found["instruction"], "'instruction'")]
        if more := _text(found.get("input", ""), "'input'"):
            asked.append(more)
        pair = {"prompt": "\n\n".join(asked), "completion": found["output"]}
        return _pair({**pair, "system": found.get("system", "")}, place)
    if "text" in found:
        text = _text(found["text"], "'text'")
        if not text.strip():
            raise BadLineError("its text is empty", "a text with something in it")
        return Sample(place, text=text)
    for name, other in (("prompt", "completion"), ("completion", "prompt")):
        if name in found:
            raise BadLineError(
                f"it has a '{name}' but no '{other}'", f"a '{other}' beside it"
            )
    raise BadLineError(_fields(value), EXPECTED)


def _fields(value: Mapping[str, object]) -> str:
    if not value:
        return "it has no fields"
    names = ", ".join(_shown(name) for name in list(value)[:5])
    return f"it has only {names}{', …' if len(value) > 5 else ''}"


def _pair(found: Mapping[str, Any], place: str) -> Sample:
    """A prompt and its answer, each a text or a list of messages."""
    prompt, completion = found["prompt"], found["completion"]
    system = found.get("system", "")
    if isinstance(prompt, list) or isinstance(completion, list):
        asked = _list(prompt, "'prompt'", "user")
        # What stands in the prompt is given, not learnt.
        given = [
            {**each, "weight": 0} if isinstance(each, dict) else each for each in asked
        ]
        replies = _list(completion, "'completion'", "assistant")
        return _chat([*given, *replies], system, place)
    messages = [
        {"role": "user", "content": _text(prompt, "'prompt'")},
        {"role": "assistant", "content": _text(completion, "'completion'")},
    ]
    if not messages[0]["content"].strip():
        raise BadLineError("its 'prompt' is empty", "a prompt with something in it")
    if not messages[1]["content"].strip():
        raise BadLineError(
            "its 'completion' is empty", "an answer with something in it"
        )
    return _chat(messages, system, place)


def _chat(given: Sequence[object], system: object, place: str) -> Sample:
    prompts = [said] if (said := _text(system, "'system'")).strip() else []
    messages: list[Message] = []
    thoughts: list[str] = []
    learnt: list[bool] = []
    before: Role | None = None
    for number, message in enumerate(given, 1):
        where = f"message {number}"
        role, content, thought, weight = _message(message, where)
        _check_order(role, before, where)
        if role == "system":
            prompts += [content] if content.strip() else []
            continue
        if role == "assistant" and not content.strip():
            raise BadLineError(
                f"{where} is an empty reply", "a reply that says something"
            )
        before = role
        messages.append(Message(role, content))
        thoughts.append(thought)
        learnt.append(role == "assistant" and weight)
    if before == "user":
        # Nothing can be learnt from a question without an answer.
        messages.pop(), thoughts.pop(), learnt.pop()
    if not messages:
        raise BadLineError(
            "it has no assistant's message" if given else "it has no messages",
            "at least one user message with the assistant's reply",
        )
    if not any(learnt):
        raise BadLineError(
            "every assistant's message has a weight of 0",
            "at least one reply that is learnt",
        )
    if prompts:
        messages.insert(0, Message("system", "\n\n".join(prompts)))
        thoughts.insert(0, "")
        learnt.insert(0, False)
    kept = tuple(thoughts) if any(thoughts) else ()
    return Sample(place, tuple(messages), tuple(learnt), thoughts=kept)


def _check_order(role: Role, before: Role | None, where: str) -> None:
    if role == "system" and before is not None:
        raise BadLineError(
            f"{where} is a system message after the conversation has begun",
            "system messages at the start only",
        )
    if role == "user" == before:
        raise BadLineError(
            f"{where} is a second user message in a row", "user and assistant in turns"
        )
    if role == "assistant" and before != "user":
        first = "a second reply in a row" if before else "the first one"
        raise BadLineError(
            f"{where} is the assistant's and {first}",
            "a user message before every reply",
        )


def _message(message: object, where: str) -> tuple[Role, str, str, bool]:
    """Its role, its text, the thought before it, and whether it is learnt."""
    if not isinstance(message, dict):
        raise BadLineError(
            f"{where} is {_KINDS[type(message)]}", "an object with a role"
        )
    who = next((message[n] for n in WHO if message.get(n) is not None), None)
    if who is None:
        raise BadLineError(
            f"{where} has no 'role'", "'role': system, user or assistant"
        )
    role = ROLES.get(who.lower()) if isinstance(who, str) else None
    if who in TOOLS or message.get("tool_calls") or message.get("function_call"):
        raise BadLineError(f"{where} calls a tool", "conversations without tools")
    if role is None:
        raise BadLineError(
            f"{where} has the role {_shown(who)}", "the role system, user or assistant"
        )
    said = next((message[n] for n in WHAT if message.get(n) is not None), None)
    if said is None:
        raise BadLineError(f"{where} has no 'content'", "'content': a text")
    thought = ""
    if role == "assistant":
        names = (n for n in THOUGHTS if message.get(n) is not None)
        if (name := next(names, None)) is not None:
            thought = _text(message[name], f"'{name}' of {where}")
    content = _text(said, f"'content' of {where}")
    return role, content, thought, _weight(message, where)


def _weight(message: Mapping[str, object], where: str) -> bool:
    weight = message.get("weight")
    if weight is None:
        return True
    if weight not in (0, 1):
        raise BadLineError(f"the weight of {where} is {_shown(weight)}", "0 or 1")
    return bool(weight)


def _list(value: object, name: str, role: str | None = None) -> Sequence[object]:
    if isinstance(value, str) and role:
        return [{"role": role, "content": value}]
    if not isinstance(value, list):
        raise BadLineError(f"{name} is {_KINDS[type(value)]}", "a list of messages")
    return value


def _text(value: object, name: str) -> str:
    """A text, also one in OpenAI's parts; lone surrogates in it become U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not isinstance(value, list):
        _not_text(value, name)
    parts = []
    for number, part in enumerate(value, 1):
        kind = part.get("type", "text") if isinstance(part, dict) else None
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str) or kind not in (None, "text", "input_text"):
            raise BadLineError(
                f"part {number} of {name} is no text",
                "texts only, no images or files",
            )
        parts.append(_text(text, name))
    return "".join(parts)


def _not_text(value: object, name: str) -> NoReturn:
    raise BadLineError(f"{name} is {_KINDS[type(value)]}", "a text")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    short = text[:_LONGEST_SHOWN]
    return repr(short) + ("…" if len(text) > len(short) else "")
