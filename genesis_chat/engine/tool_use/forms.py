"""The forms in which models write calls of tools."""

import json
import string
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import json_calls, library
from .uses import ToolCall

# Some templates take no other ids than those of nine letters and digits.
ID_LENGTH = 9
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class CallForm:
    """How a model writes calls; `parser` is the name of what reads them.

    A call stands between `start` and `end`; without an end it goes on to the end of
    the reply, and without a start it is all of the reply, which begins with "{" or
    "[". `marks` are tokens that it is written with. With `in_prompts` the model's
    template can write earlier calls and their results.
    """

    parser: str
    start: str
    end: str
    marks: tuple[str, ...] = ()
    in_prompts: bool = True

    @property
    def all_marks(self) -> tuple[str, ...]:
        """All tokens that a call is written with besides its text."""
        return self.start, self.end, *self.marks

    def parse(self, text: str, tools: Sequence[str]) -> list[ToolCall]:
        """The calls in what stands between the marks; none when it is anything else.

        Args:
            text: what stands there.
            tools: those that can be called, each as OpenAI's interface has it in
                JSON. A call of another one is no call.
        """
        known = [json.loads(each) for each in tools]
        parser = _parser(self.parser)
        if parser is None:
            return []
        try:
            found = parser(text, known)
        except Exception:  # mlx-lm's raise whatever a text makes them stumble on
            return []
        names = {each["function"]["name"] for each in known}
        calls = [
            _checked(each, names)
            for each in (found if isinstance(found, list) else [found])
        ]
        return [each for each in calls if each] if all(calls) else []


def _checked(value: Any, names: Collection[str]) -> ToolCall | None:
    if not isinstance(value, dict):
        return None
    name: Any = value.get("name")
    arguments: Any = value.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return None
    if name not in names or not isinstance(arguments, dict):
        return None
    try:
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except ValueError:
        # Infinity, which Python's JSON reads and nobody else's does.
        return None
    id = value.get("id")
    return ToolCall(id if isinstance(id, str) and id else new_id(), name, text)


def new_id() -> str:
    """An id for a call."""
    # Not needed where nothing is called.
    import secrets

    return "".join(secrets.choice(_LETTERS) for _ in range(ID_LENGTH))


def _parser(name: str) -> Callable[[str, list[Any]], Any] | None:
    return json_calls.parse if name == JSON else library.parser(name)


JSON = "json"
# Where starts are the same, what reads a template's own call decides.
FORMS = (
    CallForm(JSON, "<tool_call>", "</tool_call>"),
    CallForm("qwen3_coder", "<tool_call>", "</tool_call>"),
    CallForm(
        "glm47",
        "<tool_call>",
        "</tool_call>",
        ("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
    ),
    CallForm(JSON, "[TOOL_CALLS]", ""),
    CallForm("mistral", "[TOOL_CALLS]", "", ("[ARGS]", "[CALL_ID]")),
    CallForm(JSON, "<tool_calls>", "</tool_calls>"),
    CallForm(JSON, "<TOOLCALL>", "</TOOLCALL>"),
    CallForm(JSON, "<|function_call|>", ""),
    CallForm("qwen3_coder", "<seed:tool_call>", "</seed:tool_call>"),
    CallForm("pythonic", "<|tool_call_start|>", "<|tool_call_end|>"),
    CallForm("gemma4", "<|tool_call>", "<tool_call|>", ('<|"|>',)),
    CallForm(
        "function_gemma",
        "<start_function_call>",
        "<end_function_call>",
        ("<escape>",),
    ),
    CallForm("minicpm5", "<function name=", "</function>"),
    CallForm("minimax_m2", "<minimax:tool_call>", "</minimax:tool_call>"),
    CallForm("muse_spark", "<atem:function_calls>", "</atem:function_calls>"),
    CallForm(
        "longcat",
        "<longcat_tool_call>",
        "</longcat_tool_call>",
        (
            "<longcat_arg_key>",
            "</longcat_arg_key>",
            "<longcat_arg_value>",
            "</longcat_arg_value>",
        ),
    ),
    CallForm(JSON, "", ""),
)


def find_form(
    pieces: Callable[[str], Iterable[str]], call: ToolCall, tool: str
) -> CallForm | None:
    """The form in which a template has written a call of a tool.

    Args:
        pieces: the texts that may stand behind a start, the likeliest first; none
            where it is not.
        call: what was written.
        tool: the tool, in JSON.
    """
    for form in FORMS:
        for text in pieces(form.start):
            inner, end, _ = text.partition(form.end) if form.end else (text, "-", "")
            if not end:
                continue
            found = form.parse(inner, [tool])
            if [(each.name, each.arguments) for each in found] == [
                (call.name, call.arguments)
            ]:
                return form
    return None
