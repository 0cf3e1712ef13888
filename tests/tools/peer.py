"""Answers about a folder, by mlx-lm with Genesis registered; run as a program.

It reads one JSON object of questions and writes one of answers. Nothing of mlx-lm is
stood in for here.
"""

import copy
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from backends.genesis_mlx.plugin import register

register()

from mlx_lm.generate import batch_generate, generate_step  # noqa: E402
from mlx_lm.models import cache as caches  # noqa: E402
from mlx_lm.perplexity import eval_ppl  # noqa: E402
from mlx_lm.tuner.trainer import grad_checkpoint  # noqa: E402
from mlx_lm.utils import load  # noqa: E402


def greedy(model: Any, prompt: list[int], count: int) -> list[int]:
    steps = generate_step(mx.array(prompt), model, max_tokens=count)
    return [int(token) for token, _ in steps]


def batched(model: Any, tokenizer: Any, prompts: list[list[int]], count: int) -> Any:
    tokenizer.eos_token_ids = []
    given = [list(prompt) for prompt in prompts]
    found = batch_generate(model, tokenizer, given, max_tokens=count).texts
    alone = [tokenizer.decode(greedy(model, each, count)) for each in prompts]
    return {"together": found, "alone": alone}


def kept(model: Any, ids: list[int]) -> dict[str, Any]:
    """Differences of logits after a cache was saved, copied, and written to."""
    cache, more = model.make_cache(), mx.array([ids[-5:]])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "cache.safetensors")
        caches.save_prompt_cache(path, cache)
        empty = caches.load_prompt_cache(path)
        model(mx.array([ids]), cache=cache)
        caches.save_prompt_cache(path, cache, {"a": "b"})
        loaded, metadata = caches.load_prompt_cache(path, return_metadata=True)
    copied, again = copy.deepcopy(cache), copy.deepcopy(cache)
    model(mx.array([ids[:9]]), cache=again)
    expected = model(more, cache=cache)
    model(mx.array([ids]), cache=empty)
    return {
        "metadata": metadata,
        "trimmable": caches.can_trim_prompt_cache(cache),
        "nbytes": sum(each.nbytes for each in cache),
        "differences": [
            mx.abs(model(more, cache=each) - expected).max().item()
            for each in (loaded, copied, empty)
        ],
    }


def gradients(model: Any, ids: list[int]) -> dict[str, Any]:
    """The largest relative difference that checkpointing makes."""
    model.freeze()
    for block in model.layers:
        block.unfreeze()
    model.train()
    tokens = mx.array([ids, ids[::-1]])

    def loss() -> mx.array:
        logits = model(tokens[:, :-1])
        return nn.losses.cross_entropy(logits, tokens[:, 1:], reduction="mean")

    both = nn.value_and_grad(model, loss)
    found: list[Any] = [both()[1]]
    mx.eval(found)
    grad_checkpoint(model.layers[0])
    found.append(both()[1])
    flat: list[Any] = [tree_flatten(each) for each in found]
    plain: list[tuple[str, Any]] = flat[0]
    return {
        "finite": all(bool(mx.isfinite(g).all()) for _, g in plain),
        "nothing": [name for name, g in plain if not mx.abs(g).max()],
        "difference": max(
            float(mx.abs(a - b).max() / mx.maximum(mx.abs(a).max(), 1e-6))
            for (_, a), (_, b) in zip(*flat, strict=True)
        ),
    }


def main() -> None:
    questions = json.load(sys.stdin)
    loaded: Any = load(questions["folder"])
    model, tokenizer = loaded
    answers: dict[str, Any] = {"ends": sorted(tokenizer.eos_token_ids)}
    if texts := questions.get("texts"):
        encode = tokenizer.encode
        answers["ids"] = [encode(text, add_special_tokens=False) for text in texts]
    if chat := questions.get("chat"):
        template = tokenizer.apply_chat_template
        answers["chat"] = template(chat, add_generation_prompt=True)
    if prompts := questions.get("prompts"):
        count = questions["count"]
        answers["greedy"] = [greedy(model, each, count) for each in prompts]
    if prompts := questions.get("batch"):
        answers["batch"] = batched(model, tokenizer, prompts, questions["count"])
    if ids := questions.get("kept"):
        answers["kept"] = kept(model, ids)
    if rows := questions.get("perplexity"):
        answers["perplexity"] = eval_ppl(model, mx.array(rows), batch_size=2)[0]
    if ids := questions.get("gradients"):
        answers["gradients"] = gradients(model, ids)
    print()
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
