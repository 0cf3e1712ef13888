"""Folders in mlx-lm's format: quantised, in parts, and what is wrong with some."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from families import write_model
from tolerances import SPLIT, max_difference

from backends import contract
from backends.decoder.files import open_files
from backends.errors import BackendError, ConfigError, WeightsError
from backends.generation import generate
from backends.mlx_family.backend import backend
from backends.mlx_family.files import context_length, weight_sizes
from backends.mlx_family.language_model import LanguageModel
from backends.registry import choose, describe
from backends.sampling_settings import SamplingSettings
from converters.whole_folder import look_at_folder

GREEDY = SamplingSettings(temperature=0.0, repetition_penalty=1.0, seed=1)
TO_COME = list(range(3, 30))


def reply(model: contract.LanguageModel) -> list[int]:
    return [
        token.id for token in generate(model, TO_COME, settings=GREEDY, max_tokens=8)
    ]


def loaded(folder: Path) -> LanguageModel:
    found = backend.load(folder)
    assert isinstance(found, LanguageModel)
    return found


@pytest.mark.parametrize(
    "quantization",
    [
        {"bits": 4, "group_size": 32},
        {"bits": 8, "group_size": 32},
        {"bits": 4, "group_size": 32, "mode": "mxfp4"},
    ],
)
def test_packed_weights_give_what_mlx_lm_makes_of_them(
    tmp_path: Path, quantization: dict[str, Any]
) -> None:
    from backends.mlx_family import library

    folder = write_model(tmp_path / "packed", "llama", **quantization)
    model = loaded(folder)
    theirs, _ = library.loader().load_model(folder)
    theirs.set_dtype(mx.float32)
    ids = mx.array([TO_COME])
    assert max_difference(model.network(ids), theirs(ids)) <= SPLIT
    assert model.dtype == "float32"


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_packed_weights_are_not_rounded_to_the_dtype_of_their_scales(
    tmp_path: Path, dtype: mx.Dtype
) -> None:
    from backends.mlx_family import library

    folder = write_model(tmp_path / "packed", "llama", bits=4, group_size=32)
    weights = mx.load(str(folder / "model.safetensors"))
    assert isinstance(weights, dict)
    stored = {
        name: array.astype(dtype) if array.dtype == mx.float32 else array
        for name, array in weights.items()
    }
    mx.save_safetensors(str(folder / "model.safetensors"), stored)
    theirs, _ = library.loader().load_model(folder)
    theirs.set_dtype(mx.float32)
    ids = mx.array([TO_COME])
    model = loaded(folder)
    assert max_difference(model.network(ids), theirs(ids)) <= SPLIT


def test_packed_experts_are_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "moe", "mixtral", bits=4, group_size=32)
    assert len(reply(backend.load(folder))) == 8


def test_weights_in_parts_are_one_model(tmp_path: Path) -> None:
    whole = backend.load(write_model(tmp_path / "whole", "qwen3"))
    parts = backend.load(write_model(tmp_path / "parts", "qwen3", shards=3))
    assert reply(whole) == reply(parts)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_is_no_content(tmp_path: Path, encoding: str) -> None:
    folder = write_model(tmp_path / "parts", "qwen3", shards=2)
    (folder / "generation_config.json").write_text('{"eos_token_id": 1}', "utf-8")
    expected = reply(backend.load(folder))
    files = list(folder.glob("*.json"))
    assert len(files) == 3
    for file in files:
        file.write_bytes(file.read_text("utf-8").encode(encoding))
    assert reply(backend.load(folder)) == expected
    # The other backend that runs it, and who only looks.
    assert open_files(folder)
    seen = look_at_folder(folder)
    assert seen and seen.model_type == "qwen3" and len(seen.weights) == 2


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "parts", "llama", shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"1 of 3 files.*model-00002-of-00003"):
        backend.load(folder)


def test_code_in_the_folder_is_never_run(llama: Path) -> None:
    (llama / "evil.py").write_text("raise SystemExit('run')", encoding="utf-8")
    config = json.loads((llama / "config.json").read_text(encoding="utf-8"))
    config["model_file"] = "evil.py"
    (llama / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ConfigError, match="never run"):
        backend.load(llama)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: (d / "config.json").unlink(), "config.json is missing"),
        (lambda d: (d / "config.json").write_text("{", "utf-8"), "not valid JSON"),
        (
            lambda d: (d / "config.json").write_text("[]", "utf-8"),
            "not describe a model",
        ),
        (lambda d: (d / "config.json").write_text("{}", "utf-8"), "model_type"),
        (lambda d: (d / "model.safetensors").unlink(), r"no model\*.safetensors"),
        (lambda d: (d / "model.safetensors").write_bytes(b""), "is empty"),
        (lambda d: cut(d / "model.safetensors"), "was cut short"),
    ],
)
def test_a_spoiled_folder_gets_a_sentence(
    llama: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(llama)
    with pytest.raises(BackendError, match=sentence) as caught:
        backend.load(llama)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_of_the_configuration(llama: Path) -> None:
    config = json.loads((llama / "config.json").read_text(encoding="utf-8"))
    config["hidden_size"] = 64
    (llama / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(BackendError, match="llama model"):
        backend.load(llama)


def test_a_type_that_nobody_has(llama: Path) -> None:
    config = json.loads((llama / "config.json").read_text(encoding="utf-8"))
    config["model_type"] = "nobody_has_it"
    (llama / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ConfigError, match="no nobody_has_it models"):
        backend.load(llama)
    with pytest.raises(ConfigError, match="'nobody_has_it' cannot be run"):
        choose("nobody_has_it")


@pytest.mark.parametrize("model_type", ["gemma3_text", "kimi_k2", "lille-130m"])
def test_the_registry_sends_other_families_to_mlx_lm(model_type: str) -> None:
    choice = choose(model_type)
    assert choice.entry.module == "backends.mlx_family.backend"


@pytest.mark.parametrize("model_type", ["base", "cache", "../llama", "", "mla"])
def test_modules_that_are_no_models_are_not_types(model_type: str) -> None:
    with pytest.raises(ConfigError, match="cannot be run"):
        choose(model_type)


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"max_position_embeddings": 40}, 40),
        ({"text_config": {"max_position_embeddings": 50}}, 50),
        ({"n_positions": 60, "max_position_embeddings": None}, 60),
        ({"max_position_embeddings": True, "seq_length": 70}, 70),
    ],
)
def test_the_length_that_a_model_was_trained_for(
    config: dict[str, Any], tokens: int
) -> None:
    assert context_length(config) == tokens


def test_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    plain = write_model(tmp_path / "plain", "llama")
    packed = write_model(tmp_path / "packed", "llama", bits=4, group_size=32)
    stored, wide = weight_sizes(plain)
    assert stored == wide
    less, same = weight_sizes(packed)
    assert less < stored / 3
    assert abs(same - wide) < wide / 4


def test_transformers_is_not_imported(llama: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from backends.mlx_family.backend import backend\n"
        f"backend.load(Path({str(llama)!r}))\n"
        "print([m for m in ('transformers', 'torch', 'huggingface_hub')\n"
        "       if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_model_is_described_without_loading_it(llama: Path, tmp_path: Path) -> None:
    about = describe(llama)
    assert (about.context, about.layers) == (512, {"layers": 2})
    assert about.flags["model_type"] == "llama"
    windows = describe(write_model(tmp_path / "windows", "gpt_oss"))
    assert windows.layers == {"sliding_attention": 1, "full_attention": 1}
