"""Folders of models with tokenizers and chat templates of our own, small ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' "
    "+ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# As many thinking models have it: thoughts of earlier turns are left out, and the
# switch puts an empty one into the prompt.
THINKING = (
    "{%- for message in messages %}"
    "{%- set text = message.content %}"
    "{%- if '</think>' in text %}"
    "{%- set text = text.split('</think>')[-1].lstrip('\n') %}{%- endif %}"
    "{{- '<|im_start|>' + message.role + '\n' + text + '<|im_end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\n\n</think>\n\n' }}{%- endif %}"
    "{%- endif %}"
)
# Opens a thought for every reply, and keeps earlier ones.
OPENED = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n"
    "{% if message.reasoning_content %}"
    "<think>\n{{ message.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
# No system role, contents trimmed, and turns that must alternate.
TRIMMED = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<|im_start|>' + role + '\n' + message['content'] | trim + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>model\n' }}{% endif %}"
)
# Contents in parts, a default system prompt, blocks, a macro, a namespace, the date.
PARTS = """\
{%- macro written(content) -%}
    {%- for part in content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor -%}
{%- endmacro -%}
{%- set ns = namespace(system='Knowledge until ' ~ '2023.') -%}
{%- for message in messages if message.role == 'system' -%}
    {%- set ns.system = written(message.content) -%}
{%- endfor -%}
<|im_start|>system
{{ ns.system }} {{ {'a': '<b>', 'é': [1, none]} | tojson }}<|im_end|>
{% for message in messages %}
    {%- if message.role == 'system' %}{% continue %}{% endif %}
    {%- generation %}<|im_start|>{{ message.role }}
{{ written(message.content) }}<|im_end|>
{% endgeneration %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}
"""  # noqa: E501 - as templates are written
SPECIAL = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
PLAIN = ("<think>", "</think>", "<tool_call>")


def byte_level(plain: tuple[str, ...] = PLAIN) -> Tokenizer:
    """Byte-level BPE with control tokens, special ones and others."""
    tokens = [*SPECIAL, *sorted(pre.ByteLevel.alphabet())]
    merges = [("h", "e"), ("Ġ", "t"), ("Ġt", "he"), ("l", "l"), ("Ċ", "Ċ")]
    tokens += [left + right for left, right in merges]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocabulary, merges))
    made.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(t, normalized=False) for t in SPECIAL])
    made.add_tokens([AddedToken(t, normalized=False) for t in plain])
    return made


def piece_like(prepend: bool = True) -> Tokenizer:
    """BPE over characters with U+2581 for spaces and bytes for what is not there."""
    tokens = ["<unk>", *SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += ["\u2581", *map(chr, range(0x21, 0x7F)), "\u2581t", "he", "\u2581the"]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    merges = [("\u2581", "t"), ("h", "e"), ("\u2581t", "he")]
    made = Tokenizer(
        models.BPE(
            vocabulary, merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True
        )
    )
    steps: list[Any] = [normalizers.Prepend("\u2581")] if prepend else []
    made.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "\u2581")])
    parts: list[Any] = [
        decoders.Replace("\u2581", " "),
        decoders.ByteFallback(),
        decoders.Fuse(),
    ]
    made.decoder = decoders.Sequence(
        [*parts, decoders.Strip(" ", 1, 0)] if prepend else parts
    )
    made.add_special_tokens([AddedToken(t, normalized=False) for t in SPECIAL])
    made.add_tokens([AddedToken(t, normalized=False) for t in PLAIN])
    made.add_tokens([AddedToken("\u2581\u2581", normalized=False)])
    return made


KINDS: dict[str, Callable[..., Tokenizer]] = {"bytes": byte_level, "pieces": piece_like}


def write_folder(
    folder: Path,
    tokenizer: Tokenizer | None = None,
    template: str | None = CHATML,
    **config: Any,
) -> Path:
    """Write a model's folder without weights; `config` goes to the tokenizer's."""
    folder.mkdir(parents=True, exist_ok=True)
    (tokenizer or byte_level()).save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text('{"model_type": "llama", "eos_token_id": 1}')
    said = {"bos_token": "<s>", "eos_token": "</s>", **config}
    if template is not None:
        said["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder
