"""Models of other families: trained, fused by name, used by the CPU backend."""

import json
from pathlib import Path

import pytest
from families import write_chat_model
from terminal import call

from backends.stored_tensors import StoredTensor, map_tensors
from genesis_chat.models import choose, find

pytest.importorskip("mlx_lm", reason="mlx-lm is not installed")

FEW = ("--steps", "2", "--batch-size", "2", "--learning-rate", "0.01")


@pytest.mark.parametrize("bits", [None, 4])
def test_a_llama_is_trained_and_answers(
    bits: int | None, tmp_path: Path, compiled: None
) -> None:
    quantization = {"group_size": 32, "bits": bits} if bits else {}
    base = write_chat_model(tmp_path / "tiny", "llama", shards=2, **quantization)
    lines = [{"prompt": f"Say {word}.", "completion": word} for word in "abcdefgh"]
    data = tmp_path / "words.jsonl"
    data.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = call("finetune", data, "-m", base, "--name", "words", *FEW, "--json")
    assert done.code == 0, done.err
    adapter = find("words")
    assert adapter.adapter and adapter.adapter.training.base.family == "llama"
    assert adapter.adapter.training.base.name == str(base)
    fused = choose("words")
    assert fused.problem is None
    before: dict[str, StoredTensor] = {}
    for file in sorted(base.glob("model*.safetensors")):
        before |= map_tensors(file)
    after = map_tensors(fused.directory / "model.safetensors")
    trained = "model.layers.1.self_attn.q_proj.weight"
    assert after[trained].dtype in ("F32", "F16", "BF16")
    assert before[trained].dtype == ("U32" if bits else after[trained].dtype)
    # What is outside of the layers stays as it was, packed or not.
    kept = "model.embed_tokens.weight"
    assert after[kept].dtype == before[kept].dtype
    assert (after[kept].values == before[kept].values).all()
    answer = call("ask", "Say a.", "-m", "words", "--max-tokens", "3", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["model"] == "words"


def test_all_weights_of_a_quantised_model_cannot_be_trained(tmp_path: Path) -> None:
    base = write_chat_model(tmp_path / "tiny", "llama", group_size=32, bits=4)
    data = tmp_path / "words.jsonl"
    data.write_text('{"text": "abc def"}\n', encoding="utf-8")
    done = call("finetune", data, "-m", base, "--method", "full")
    assert done.code == 2 and "is quantised" in done.err
