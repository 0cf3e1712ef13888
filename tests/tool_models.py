"""Chat templates that know tools, and a small model that calls one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from chat_models import byte_level, write_folder
from safetensors.numpy import save_file

# As Hermes and Qwen have it.
HERMES = """\
{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content + '\\n' }}{% endif %}
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools><|im_end|>
{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% elif message.role != 'system' or not tools %}<|im_start|>{{ message.role }}
{{ message.content }}
{%- for tool_call in message.tool_calls or [] %}
{%- if message.content or not loop.first %}{{ '\n' }}{% endif %}<tool_call>
{"name": "{{ tool_call.function.name }}", "arguments": {{ tool_call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant' + (': ' if messages[-1].role == 'tool' else '\\n') }}
{%- endif %}
"""  # noqa: E501 - as templates are written
# As Llama 3 has it: nothing stands around a call, and there is one at a time.
LLAMA = """\
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>ipython
{{ message.content | tojson }}<|im_end|>
{%- elif message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{ raise_exception('one call at a time') }}{% endif %}
{%- set call = message.tool_calls[0].function %}<|im_start|>assistant
{"name": "{{ call.name }}", "parameters": {{ call.arguments | tojson }}}<|im_end|>
{%- else %}<|im_start|>{{ message.role }}
{%- if loop.first and tools %}
{% for tool in tools %}{{ tool | tojson(indent=4) }}{% endfor %}{% endif %}
{{ message.content }}<|im_end|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}
"""  # noqa: E501
# As Mistral has it: tools before the last question, no end mark, ids of nine letters.
MISTRAL = """\
{%- set ns = namespace(last=0) %}
{%- for message in messages if message.role == 'user' %}{% set ns.last = loop.index %}{% endfor %}
{%- set ns.count = 0 %}
{%- for message in messages %}
{%- if message.role == 'user' %}{% set ns.count = ns.count + 1 %}
{%- if tools and ns.count == ns.last %}[AVAILABLE_TOOLS] {{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}
{{- '<|im_start|>' + message.content + '<|im_end|>' }}
{%- elif message.tool_calls %}
{{- '[TOOL_CALLS] [' }}
{%- for call in message.tool_calls %}
{%- if call.id | length != 9 %}{{ raise_exception('ids have nine letters') }}{% endif %}
{{- '{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments | tojson + ', "id": "' + call.id + '"}' }}
{%- if not loop.last %}, {% endif %}
{%- endfor %}]{{ eos_token }}
{%- elif message.role == 'tool' %}
{{- '[TOOL_RESULTS] {"content": ' + message.content | tojson + '}[/TOOL_RESULTS]' }}
{%- elif message.role == 'assistant' %}{{ message.content + eos_token }}
{%- endif %}
{%- endfor %}
"""  # noqa: E501
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
CALL = '{"name": "get_weather", "arguments": {"city": "Málaga"}}'
ANSWER = "Sunny."


def write_calling_model(folder: Path) -> Path:
    """A Llama that calls a tool where it is asked, and answers behind its result.

    Each of its tokens follows from the one before it: the embeddings are random and
    nearly orthogonal, and nothing else adds to them.
    """
    tokenizer = byte_level(("<tool_call>", "</tool_call>", CALL, ANSWER, ":"))
    write_folder(folder, tokenizer, HERMES, eos_token="<|im_end|>")
    vocabulary, width, inner = 288, 256, 32
    ids = {
        text: tokenizer.token_to_id(text)
        for text in ("Ċ", "<tool_call>", CALL, "</tool_call>", "<|im_end|>", ANSWER)
    }
    space = tokenizer.token_to_id("Ġ")
    assert None not in ids.values() and space is not None
    chain = {
        ids["Ċ"]: ids["<tool_call>"],
        ids["<tool_call>"]: ids[CALL],
        ids[CALL]: ids["</tool_call>"],
        ids["</tool_call>"]: ids["<|im_end|>"],
        space: ids[ANSWER],
        ids[ANSWER]: ids["<|im_end|>"],
    }
    draw = np.random.default_rng(3)
    embeddings = draw.choice([-1.0, 1.0], (vocabulary, width)).astype(np.float32)
    head = np.zeros((vocabulary, width), np.float32)
    for token, following in chain.items():
        head[following] += embeddings[token]
    zeros = np.zeros((width, width), np.float32)
    ones = np.ones(width, np.float32)
    layer = "model.layers.0"
    tensors = {
        "model.embed_tokens.weight": embeddings,
        "lm_head.weight": head,
        "model.norm.weight": ones,
        f"{layer}.input_layernorm.weight": ones,
        f"{layer}.post_attention_layernorm.weight": ones,
        **{f"{layer}.self_attn.{name}_proj.weight": zeros for name in "qkvo"},
        f"{layer}.mlp.gate_proj.weight": np.zeros((inner, width), np.float32),
        f"{layer}.mlp.up_proj.weight": np.zeros((inner, width), np.float32),
        f"{layer}.mlp.down_proj.weight": np.zeros((width, inner), np.float32),
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": 1,
        "intermediate_size": inner,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 64,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
