"""Whether a chat template has a place for tools, and how it writes calls of them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product

from converters.tokenization.hugging_face import HuggingFaceTokenizer

from ...tool_use import (
    FORMS,
    ID_LENGTH,
    CallForm,
    ToolCall,
    ToolResult,
    ToolUse,
    find_form,
)
from ..rendering import Renderer, RenderingError
from .messages import Form, Turn

QUESTION, RESULT, VALUE = "Askprobe", "Resultprobe", "Valueprobe"
NAME, PARAMETER = "toolprobe", "parameterprobe"
TOOL = json.dumps(
    {
        "type": "function",
        "function": {
            "name": NAME,
            "description": "Tells what there is to tell.",
            "parameters": {
                "type": "object",
                "properties": {
                    PARAMETER: {"type": "string", "description": "What to tell of."}
                },
                "required": [PARAMETER],
            },
        },
    }
)
CALL = ToolCall("p" * ID_LENGTH, NAME, json.dumps({PARAMETER: VALUE}))
USE = ToolUse((CALL,), (ToolResult(CALL.id, NAME, RESULT),))
LIMIT_CHARACTERS = 1_000_000


def probe_tools(
    tokenizer: HuggingFaceTokenizer, renderer: Renderer, form: Form, literals: str
) -> tuple[Form, CallForm | None]:
    """The form with what calls need, and how they are written.

    There is no such form where tools, or the way in which the model would call them,
    leave no trace in the prompt. Raises `RenderingError`.
    """
    if "tools" not in (tokenizer.chat_template or ""):
        return form, None
    forms = [
        replace(form, objects=objects, silent=silent)
        for objects, silent in product((True, False), (False, True))
    ]
    turns = (Turn(QUESTION, tool_uses=(USE,)),)
    listed, *written = renderer.render(
        [
            form.variables("", (Turn(QUESTION),), tools=(TOOL,)),
            *(each.variables("", turns, tools=(TOOL,)) for each in forms),
        ],
        LIMIT_CHARACTERS,
    )
    if isinstance(listed, RenderingError) or NAME not in listed:
        return form, None
    leaves_out = True
    for each, text in zip(forms, written, strict=True):
        if isinstance(text, RenderingError) or RESULT not in text:
            continue
        leaves_out &= VALUE not in text
        behind = partial(_behind, text=text, prompt=listed, tokenizer=tokenizer)
        if found := find_form(behind, CALL, TOOL):
            return each, found
    # A template that leaves calls out may know the tokens they are written with.
    for found in FORMS if leaves_out else ():
        if found.end and all(
            mark in tokenizer.added or mark in literals
            for mark in (found.start, found.end)
        ):
            return form, replace(found, in_prompts=False)
    return form, None


def _behind(
    start: str, text: str, prompt: str, tokenizer: HuggingFaceTokenizer
) -> Iterator[str]:
    """What may be a call that has this start, in a conversation with one.

    It is everything up to one of the control tokens behind it. Without a start it has
    to be what follows the prompt that it would be generated after.
    """
    before = text.rpartition(RESULT)[0]
    if not start:
        if before.startswith(prompt):
            yield before[len(prompt) : before.rfind("}") + 1]
        return
    _, found, rest = before.rpartition(QUESTION)[2].partition(start)
    if found:
        yield rest
        ends = tokenizer.all_control.pattern.finditer(rest)
        yield from (rest[: match.start()] for match in ends)
