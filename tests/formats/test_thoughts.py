"""Thoughts: told apart from the reply however they are cut, and sent back as asked."""

import random
from dataclasses import replace

import pytest
from chat_models import CHATML, OPENED, THINKING
from formats.conftest import Open

from genesis_chat.engine import Exchange, Request
from genesis_chat.engine.detokenizer import Detokenizer
from genesis_chat.engine.prompt import ChatFormat
from genesis_chat.engine.prompt.thinking import PAIRS
from genesis_chat.settings import GenerationSettings, ThinkingMode

SETTINGS = GenerationSettings(max_tokens=16)


def asked(
    *exchanges: Exchange, content: str = "Why?", thinking: ThinkingMode = "auto"
) -> Request:
    return Request(content, replace(SETTINGS, thinking=thinking), "", exchanges)


def read(
    tokenizer: object, form: ChatFormat, ids: list[int], thinks: bool = False
) -> tuple[str, str]:
    """The thought and the text of a reply, as they are told piece by piece."""
    detokenizer = Detokenizer(tokenizer, form, thinks)  # type: ignore[arg-type]
    told = [piece for token in ids for piece in detokenizer.push(token)]
    told += detokenizer.flush()
    said = {
        kind: "".join(t for k, t in told if k == kind) for kind in ("thought", "text")
    }
    return said["thought"], said["text"]


@pytest.mark.parametrize(
    ("reply", "thinks", "thought", "text"),
    [
        ("<think>\nHm.\n</think>\n\nThe end.", False, "Hm.", "The end."),
        ("\n<think>Hm.</think>The end.", False, "Hm.", "The end."),
        ("Hm.\n</think>\n\nThe end.", True, "Hm.", "The end."),
        ("<think>\n\n</think>\n\nThe end.", False, "", "The end."),
        ("The end.", False, "", "The end."),
        ("<think>Hm.", False, "Hm.", ""),
        ("Hm. </th", True, "Hm. </th", ""),
        ("<th", False, "", "<th"),
        ("The <think>end</think>.", False, "", "The <think>end</think>."),
        ("<think>é 日本</think>🦉", False, "é 日本", "🦉"),
        ("<think>a</think>b</think>c", False, "a", "b</think>c"),
        ("", False, "", ""),
    ],
)
def test_a_thought_is_no_part_of_the_reply(
    reply: str, thinks: bool, thought: str, text: str, open_chat: Open
) -> None:
    """As control tokens, and as texts in any cut."""
    tokenizer, form = open_chat(THINKING)
    assert form.thinking and form.thinking.switch == "enable_thinking"
    ids = tokenizer.encode_rendered(reply)
    assert read(tokenizer, form, ids, thinks) == (thought, text)
    assert read(tokenizer, form, tokenizer.encode(reply), thinks) == (thought, text)
    rng = random.Random(1)
    for _ in range(20):
        cuts = sorted(rng.choices(range(len(reply) + 1), k=4))
        parts = [
            reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)
        ]
        ids = [i for part in parts for i in tokenizer.encode(part)]
        assert read(tokenizer, form, ids, thinks) == (thought, text)


def test_models_without_thoughts_write_what_they_like(open_chat: Open) -> None:
    tokenizer, form = open_chat(None)
    assert form.thinking is None
    ids = tokenizer.encode("<think>a</think>b")
    assert read(tokenizer, form, ids) == ("", "<think>a</think>b")


def test_a_plain_reply_ends_before_the_other_voice(open_chat: Open) -> None:
    tokenizer, form = open_chat(None)
    for text, shown, ends in (
        (" Yes.\n\nUser: And", "Yes.", True),
        (" Yes.\nUse", "Yes.\nUse", False),
    ):
        detokenizer = Detokenizer(tokenizer, form, False)
        told = [p for i in tokenizer.encode(text) for p in detokenizer.push(i)]
        assert detokenizer.ended == ends
        told += detokenizer.flush()
        assert "".join(t for _, t in told).strip() == shown
    said = Exchange("a", "Yes.", tuple(tokenizer.encode(" Yes.\n\nUser:")))
    text = tokenizer.decode(form.layout(asked(said)).ids)
    assert text == "User: a\n\nAssistant: Yes.\n\nUser: Why?\n\nAssistant:"


def test_the_switch_reaches_the_template(open_chat: Open) -> None:
    tokenizer, form = open_chat(THINKING)
    texts = {
        mode: tokenizer.decode(form.layout(asked(thinking=mode)).ids)
        for mode in ("auto", "on", "off")
    }
    assert texts["auto"] == texts["on"] == "user\nWhy?\nassistant\n"
    assert texts["off"] == "user\nWhy?\nassistant\n<think>\n\n</think>\n\n"
    # Where the template knows none there is none.
    _, without = open_chat(OPENED)
    assert without.thinking and without.thinking.switch is None


def test_a_prompt_may_open_the_thought(open_chat: Open) -> None:
    for template, thinks in ((OPENED, True), (THINKING, False), (CHATML, False)):
        _, form = open_chat(template)
        assert form.layout(asked()).thinks is thinks
        # Whatever a person says.
        assert form.layout(asked(content="<think>")).thinks is thinks
        assert form.layout(asked(content="</think>")).thinks is thinks


def test_thoughts_stay_out_of_later_turns(open_chat: Open) -> None:
    tokenizer, form = open_chat(THINKING)
    answer = tuple(
        tokenizer.encode("T") + tokenizer.encode("h") + tokenizer.encode("e")
    )
    reply = (*tokenizer.encode_rendered("<think>\nHm.\n</think>\n\n"), *answer)
    said = Exchange("Hi", "The", (*reply, tokenizer.added["<|im_end|>"]), "Hm.")
    now, after = form.layout(asked(content="Hi")), form.layout(asked(said))
    assert (
        tokenizer.decode(after.ids)
        == "user\nHi\nassistant\nThe\nuser\nWhy?\nassistant\n"
    )
    # Its ids are the ones that were generated, not those of its text.
    header = len(now.ids)
    assert tuple(after.ids[header : header + 3]) == answer
    # A state after the reply would not fit: one before its header would, and will.
    assert now.checkpoint and now.ids[: now.checkpoint] == after.ids[: now.checkpoint]
    assert now.checkpoint in after.boundaries
    off = asked(content="Hi", thinking="off")
    spared = form.layout(off)
    assert spared.checkpoint == len(now.ids) < len(spared.ids)


@pytest.mark.parametrize("cut", [False, True])
def test_a_template_that_keeps_thoughts_gets_them(cut: bool, open_chat: Open) -> None:
    tokenizer, form = open_chat(OPENED)
    thought = [i for c in "the hell" for i in tokenizer.encode(c)]
    ids = (
        [*thought]
        if cut
        else [
            *thought,
            *tokenizer.encode_rendered("\n</think>\n\nThe end.<|im_end|>"),
        ]
    )
    said = Exchange("Hi", "" if cut else "The end.", tuple(ids), "the hell")
    now, after = form.layout(asked(content="Hi")), form.layout(asked(said))
    shown = "" if cut else "The end."
    kept = f"assistant\n<think>\nthe hell\n</think>\n\n{shown}\nuser\nWhy?\n"
    assert tokenizer.decode(after.ids).endswith(f"{kept}assistant\n<think>\n")
    # All of the prompt and of the reply is there as it was.
    whole = [*now.ids, *ids]
    assert after.ids[: len(whole)] == whole


def test_each_known_pair_is_found_by_its_tokens(open_chat: Open) -> None:
    for pair in PAIRS:
        if pair.silent:
            continue
        template = CHATML + "{% if false %}" + pair.start + pair.end + "{% endif %}"
        tokenizer, form = open_chat(template)
        assert form.thinking and form.thinking.start == pair.start
        ids = tokenizer.encode(f"{pair.start}a{pair.end}b")
        assert read(tokenizer, form, ids) == ("a", "b")


def test_channels_of_harmony(open_chat: Open) -> None:
    channels = ["<|channel|>", "<|message|>", "<|end|>", "<|start|>"]
    template = (
        "{% for m in messages %}"
        "<|start|>{{ m.role }}{% if m.role == 'assistant' %}<|channel|>final{% endif %}"
        "<|message|>{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
    )
    added = {
        str(300 + n): {"content": text, "special": True, "normalized": False}
        for n, text in enumerate(channels)
    }
    tokenizer, form = open_chat(template, "channels", added_tokens_decoder=added)
    assert form.thinking and form.thinking.silent
    assert tokenizer.added["<|end|>"] not in form.stop_ids
    for reply, thought in (
        ("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant", "Hm."),
        ("", ""),
    ):
        ids = tokenizer.encode_rendered(f"{reply}<|channel|>final<|message|>The end.")
        assert read(tokenizer, form, ids) == (thought, "The end.")
        said = Exchange("Hi", "The end.", tuple(ids), thought)
        assert tokenizer.decode(form.layout(asked(said)).ids) == (
            "userHiassistantfinalThe end.userWhy?assistant"
        )
