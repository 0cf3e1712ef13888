"""What a chat template does, found out by rendering small conversations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from converters.tokenization.hugging_face import HuggingFaceTokenizer
from converters.tokenization.hugging_face.control import ControlTokens

from ....settings import THINKING_MODES, ThinkingMode
from ...tool_use import CallForm
from ..rendering import Renderer, RenderingError
from ..thinking import Thinking, find_thinking
from .messages import Form, Turn
from .tool_probing import probe_tools

SYSTEM, QUESTION, REPLY, SECOND = "Sysprobe", "Askprobe", "Replyprobe", "Nextprobe"
CONVERSATION = (Turn(QUESTION, REPLY), Turn(SECOND))
SWITCHES = ("enable_thinking", "thinking")
LIMIT_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Probed:
    """A template that works, and what is known of it.

    `control` are the tokens that it writes and nobody else may. With `stable` a turn's
    prompt and its reply are the beginning of the next turn's prompt; in the modes of
    `thinks` the prompt opens a thought. `calls` is how it writes calls of tools.
    """

    tokenizer: HuggingFaceTokenizer
    name: str
    literals: str
    control: ControlTokens
    form: Form
    stop_ids: tuple[int, ...]
    thinking: Thinking | None
    stable: bool
    thinks: frozenset[ThinkingMode]
    calls: CallForm | None
    warnings: tuple[str, ...]


def probe(tokenizer: HuggingFaceTokenizer, renderer: Renderer, name: str) -> Probed:
    """Find out how to use a template. Raises `RenderingError` when nothing works."""
    literals = renderer.literals()
    form, warnings = _form(tokenizer, renderer, name)
    thinking = find_thinking(tokenizer, literals)
    if thinking:
        switch = _switch(renderer, form)
        thinking, form = replace(thinking, switch=switch), replace(form, switch=switch)
    stop_ids = tokenizer.stop_ids
    closing = _closing(tokenizer, renderer, form)
    if closing is not None and not (thinking and closing[0] in thinking.end):
        stop_ids = tuple(dict.fromkeys((*stop_ids, closing[1])))
    form, calls = probe_tools(tokenizer, renderer, form, literals)
    return Probed(
        tokenizer,
        name,
        literals,
        tokenizer.control_tokens(literals),
        form,
        stop_ids,
        thinking,
        _is_stable(renderer, form, thinking),
        _opens_thought(renderer, form, thinking),
        calls,
        warnings,
    )


def _rendered(renderer: Renderer, variables: Sequence[dict[str, Any]]) -> list[str]:
    """The texts; what fails is empty."""
    found = renderer.render(variables, LIMIT_CHARACTERS)
    return ["" if isinstance(each, RenderingError) else each for each in found]


def _form(
    tokenizer: HuggingFaceTokenizer, renderer: Renderer, name: str
) -> tuple[Form, tuple[str, ...]]:
    """The first form in which the template writes all it is given."""
    absent: tuple[dict[str, Any], ...] = ({"tools": None, "documents": None}, {})
    forms = [
        Form({**tokenizer.special, **constants}, listed)
        for listed, constants in product((False, True), absent)
    ]
    found = renderer.render(
        [
            form.variables(system, CONVERSATION)
            for form in forms
            for system in (SYSTEM, "")
        ],
        LIMIT_CHARACTERS,
    )
    failures = [each for each in found if isinstance(each, RenderingError)]
    for number, form in enumerate(forms):
        with_system, without = found[2 * number : 2 * number + 2]
        if not _holds(without, QUESTION, REPLY, SECOND):
            continue
        if _holds(with_system, SYSTEM, QUESTION, REPLY, SECOND):
            return form, ()
        warning = (
            f"The chat template of {name} has no place for a system prompt; it stands "
            "before the first message instead."
        )
        return replace(form, system=False), (warning,)
    if failures:
        raise failures[0]
    raise RenderingError("it leaves out what is said")


def _holds(text: str | RenderingError, *parts: str) -> bool:
    return isinstance(text, str) and all(part in text for part in parts)


def _switch(renderer: Renderer, form: Form) -> str | None:
    """The variable that changes what the template writes before a reply."""
    forms = [replace(form, switch=switch) for switch in SWITCHES]
    found = _rendered(
        renderer,
        [
            each.variables("", CONVERSATION, mode)
            for each in forms
            for mode in THINKING_MODES
        ],
    )
    for number, switch in enumerate(SWITCHES):
        size = len(THINKING_MODES)
        if len(set(found[number * size : number * size + size])) > 1:
            return switch
    return None


def _closing(
    tokenizer: HuggingFaceTokenizer, renderer: Renderer, form: Form
) -> tuple[str, int] | None:
    """The control token that the template writes behind a reply, if it is one."""
    (text,) = _rendered(renderer, [form.variables("", CONVERSATION)])
    after = text.partition(REPLY)[2].lstrip()
    match = tokenizer.splits.pattern.match(after)
    return (match[0], tokenizer.added[match[0]]) if match else None


def _opens_thought(
    renderer: Renderer, form: Form, thinking: Thinking | None
) -> frozenset[ThinkingMode]:
    if thinking is None:
        return frozenset()
    variables = [form.variables("", CONVERSATION, mode) for mode in THINKING_MODES]
    headers = [text.rpartition(SECOND)[2] for text in _rendered(renderer, variables)]
    return frozenset(
        mode
        for mode, header in zip(THINKING_MODES, headers, strict=True)
        if header.rfind(thinking.start) > header.rfind(thinking.end)
    )


def _is_stable(renderer: Renderer, form: Form, thinking: Thinking | None) -> bool:
    thought = "Thoughtprobe" if thinking else ""
    turns = (CONVERSATION[0], Turn(SECOND, "Lastprobe", thought), Turn("Endprobe"))
    for mode in THINKING_MODES if form.switch else ("auto",):
        now, then = _rendered(
            renderer,
            [
                form.variables(SYSTEM, CONVERSATION, mode),
                form.variables(SYSTEM, turns, mode),
            ],
        )
        if thinking or not then.startswith(f"{now}Lastprobe"):
            return False
    return True
