"""Tools that a request lets the model call, checked field by field."""

import json
import re
from typing import Any

from .errors import ApiError, unsupported, wrong
from .fields import Fields, characters
from .strict_json import parse_json

MOST_TOOLS = 128
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME_RULE = "must be 1 to 64 letters, digits, _ or -."
# What a function without parameters has: templates count on there being some.
NO_PARAMETERS = {"type": "object", "properties": {}}
DEEPEST = 64


def tools(fields: Fields) -> tuple[str, ...]:
    """The tools to be called, each in JSON; none where calling is off.

    Raises `ApiError`.
    """
    given = fields.any("tools")
    choice = fields.any("tool_choice")
    parallel = fields.boolean("parallel_tool_calls", True)
    found = () if given is None else _tools(given)
    if choice not in (None, "none", "auto"):
        if choice == "required" or isinstance(choice, dict):
            raise unsupported(
                "tool_choice",
                "only none or auto: nothing here makes the model call a tool.",
            )
        raise wrong("tool_choice", "must be none or auto.")
    if found and not parallel:
        raise unsupported(
            "parallel_tool_calls",
            "only true: nothing here keeps the model from calling several tools.",
        )
    # A model that is shown no tools calls none.
    return () if choice == "none" else found


def _tools(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise wrong("tools", f"must be a list of at most {MOST_TOOLS} tools.")
    found: dict[str, str] = {}
    for number, each in enumerate(value):
        name, text = _tool(each, f"tools[{number}]")
        if name in found:
            raise wrong(f"tools[{number}].function.name", "stands there twice.")
        found[name] = text
    return tuple(found.values())


def _tool(value: object, where: str) -> tuple[str, str]:
    """Its name, and all of it in JSON."""
    fields = Fields(value, where)
    if fields.any("type") != "function":
        raise unsupported(f"{where}.type", "only functions can be called.")
    inner = Fields(fields.any("function"), f"{where}.function")
    fields.finish()
    name = inner.text("name")
    if name is None or not NAME.fullmatch(name):
        raise wrong(f"{where}.function.name", NAME_RULE)
    if inner.boolean("strict", False):
        raise unsupported(
            f"{where}.function.strict",
            "only false: nothing here constrains arguments to a schema.",
        )
    description = inner.text("description")
    parameters = inner.any("parameters")
    inner.finish()
    if parameters is None:
        parameters = NO_PARAMETERS
    if not isinstance(parameters, dict):
        raise wrong(f"{where}.function.parameters", "must be a JSON object.")
    function = {
        "name": name,
        **({} if description is None else {"description": description}),
        "parameters": clean(parameters, f"{where}.function.parameters"),
    }
    return name, as_text({"type": "function", "function": function})


def clean(value: Any, where: str, depth: int = DEEPEST) -> Any:
    """JSON with U+FFFD for what is no character. Raises `ApiError`."""
    if not depth:
        raise wrong(where, f"is nested more than {DEEPEST} levels deep.")
    if isinstance(value, str):
        return characters(value)
    if isinstance(value, list):
        return [clean(each, where, depth - 1) for each in value]
    if isinstance(value, dict):
        return {
            characters(key): clean(each, where, depth - 1)
            for key, each in value.items()
        }
    return value


def arguments(text: str, where: str) -> str:
    """A call's arguments as one JSON text; an empty one stands for none.

    Raises `ApiError`.
    """
    try:
        value = parse_json(text.encode()) if text.strip() else {}
    except ApiError as error:
        raise wrong(where, "must be a JSON object, as a string.") from error
    if not isinstance(value, dict):
        raise wrong(where, "must be a JSON object, as a string.")
    return as_text(clean(value, where))


def as_text(value: Any) -> str:
    """JSON in the letters that it has."""
    return json.dumps(value, ensure_ascii=False)
