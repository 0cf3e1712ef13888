"""Models that mlx-lm's tools write are opened by us, and by mlx-lm again."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_model import PROMPTS, ids_of
from mlx_lm_tools import Peer, Tool, needs_mlx_lm
from running_cpu import load_cpu
from running_cpu import whole as whole_on_cpu
from slow import slow_after
from terminal import call
from tolerances import LOGITS_MASKED, max_difference

from backends.derived_file import DERIVED_FILES
from backends.errors import ConfigError
from backends.genesis.model_files import read_quantization
from backends.genesis_mlx import SamplingSettings, generate, load
from genesis_chat.conversation import DEFAULT_SYSTEM_PROMPT

GREEDY = SamplingSettings(temperature=0, repetition_penalty=1)
COUNT = 16
CHOSEN = [PROMPTS[0], PROMPTS[3]]
FRANCE, PARIS = PROMPTS[3], "The capital of France is Paris."
FORMS = {
    "float16": ["--dtype", "float16"],
    "4-bit-by-64": ["-q"],
    "8-bit-by-32": ["-q", "--q-bits", "8", "--q-group-size", "32"],
    "3-bit-by-32": ["-q", "--q-bits", "3", "--q-group-size", "32"],
}
Written = Callable[[str], Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tool: Tool) -> Written:
    """What mlx-lm's converter makes of the built-in model."""

    @cache
    def convert(form: str) -> Path:
        folder = tmp_path_factory.mktemp("written") / form
        path = ["--hf-path", "builtin", "--mlx-path", folder]
        done = tool("convert", *path, *FORMS[form])
        assert done.code == 0, done.err
        return folder

    return convert


@needs_mlx_lm
@pytest.mark.parametrize("form", slow_after(1, FORMS))
def test_what_convert_writes_is_opened(form: str, written: Written, peer: Peer) -> None:
    folder = written(form)
    prompts = [ids_of(prompt) for prompt in CHOSEN]
    expected = peer(folder, prompts=prompts, count=COUNT)["greedy"]
    ours, on_cpu = load(folder, dtype="float32"), load_cpu(folder)
    for prompt, reply in zip(prompts, expected, strict=True):
        tokens = generate(
            ours,
            prompt,
            cache=ours.make_cache(ttt=False),
            settings=GREEDY,
            max_tokens=COUNT,
        )
        found = [token.id for token in tokens]
        assert found == reply[: len(found)] and found
        # The same ids here too, or ids whose logits are as good as the best.
        read = [*prompt, *reply]
        logits = whole_on_cpu(on_cpu, read, ttt=False)[len(prompt) - 1 : -1]
        lost = logits.max(axis=-1) - logits[np.arange(len(reply)), reply]
        assert lost.max() <= LOGITS_MASKED


@needs_mlx_lm
def test_the_command_line_opens_it(written: Written, tool: Tool) -> None:
    folder = written("4-bit-by-64")
    for backend in ("cpu", "mlx"):
        said = call("ask", "-m", folder, "--backend", backend, "--temp", "0", FRANCE)
        assert (said.code, said.out.strip()) == (0, PARIS), said.err
    # What the CPU backend keeps in the folder is none of mlx-lm's weights.
    assert (folder / DERIVED_FILES["int8"]).exists()
    # mlx-lm has no system prompt of its own.
    asked = ("--system-prompt", DEFAULT_SYSTEM_PROMPT, "--prompt", FRANCE)
    done = tool("generate", "--model", folder, *asked, "--verbose", "False")
    assert (done.code, done.out.strip()) == (0, PARIS)


@needs_mlx_lm
def test_mixed_precision_is_refused(written: Written, tmp_path: Path) -> None:
    folder = written("4-bit-by-64")
    config = json.loads((folder / "config.json").read_text())
    assert read_quantization(folder) == {"bits": 4, "group_size": 64}
    for change in (
        {"mode": "mxfp4"},
        {"bits": 7},
        {"group_size": 16},
        {"blocks.0.attn.o_proj": {"bits": 6, "group_size": 64}},
    ):
        changed = config | {"quantization": config["quantization"] | change}
        (tmp_path / "config.json").write_text(json.dumps(changed))
        with pytest.raises(ConfigError, match=r"quantization .* is not supported"):
            read_quantization(tmp_path)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Conversations to train on."""
    folder = tmp_path_factory.mktemp("texts")
    turns = [
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Zebra zebra."},
    ]
    for name in ("train", "valid"):
        line = json.dumps({"messages": turns}) + "\n"
        (folder / f"{name}.jsonl").write_text(line * 4)
    return folder


def losses(out: str) -> list[str]:
    """The losses a training tells of; the share of what is trained has a %."""
    return re.findall(r"\b\d+\.\d{3}\b(?!%)", re.sub(r"\x1b\[[\d;]*m", "", out))


@needs_mlx_lm
@pytest.mark.slow
def test_adapters_are_trained_and_fused(
    texts: Path, tool: Tool, tmp_path: Path
) -> None:
    def train(folder: Path, *more: str) -> Any:
        return tool(
            *("lora", "--model", "builtin", "--train", "--data", texts),
            *("--iters", "2", "--batch-size", "1", "--num-layers", "4"),
            *("--val-batches", "1", "--learning-rate", "1e-2"),
            *("--steps-per-report", "1", "--adapter-path", folder, *more),
        )

    plain = train(tmp_path / "plain")
    checkpointed = train(tmp_path / "checkpointed", "--grad-checkpoint")
    assert (plain.code, checkpointed.code) == (0, 0), plain.err + checkpointed.err
    found = losses(plain.out + plain.err)
    assert len(found) >= 3
    assert losses(checkpointed.out + checkpointed.err) == found
    assert float(found[-1]) < float(found[0])
    adapters = ["--adapter-path", tmp_path / "plain"]
    fused = tmp_path / "fused"
    done = tool("fuse", "--model", "builtin", *adapters, "--save-path", fused)
    assert done.code == 0, done.err
    model, kept = load(fused, dtype="float32"), load_cpu(fused)
    ids = ids_of("Hello!")
    on_cpu = whole_on_cpu(kept, ids, ttt=False)[-1]
    cache = model.make_cache(ttt=False)
    on_mlx = np.asarray(model(_row(ids), cache)[0, -1])
    assert max_difference(on_cpu, on_mlx) <= LOGITS_MASKED
    asked = ["--prompt", "Hello!", "--max-tokens", "6", "--verbose", "False"]
    said = tool("generate", "--model", "builtin", *adapters, *asked)
    again = tool("generate", "--model", fused, *asked)
    assert said.code == again.code == 0, said.err + again.err
    assert said.out and again.out


@needs_mlx_lm
def test_a_prompt_is_kept_for_later(tool: Tool, tmp_path: Path) -> None:
    kept = ["--prompt-cache-file", tmp_path / "kept.safetensors"]
    done = tool("cache_prompt", "--model", "builtin", "--prompt", "Hello!", *kept)
    assert done.code == 0, done.err
    asked = ["--prompt", "Who are you?", "--max-tokens", "6", "--verbose", "False"]
    # With the model's name and with what the file says of it.
    found = [
        tool("generate", *model, *asked, *kept)
        for model in ([], ["--model", "builtin"])
    ]
    assert [each.code for each in found] == [0, 0], found[0].err + found[1].err
    assert found[0].out == found[1].out != ""


def _row(ids: list[int]) -> Any:
    import mlx.core as mx

    return mx.array([ids])
