"""Files of weights that came in part, changed, or are those of something else."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ggufs
import mlx.core as mx
import pytest
from checkpoints import checkpoint_tensors, small_config, stored, write_checkpoint
from families import write_model
from safetensors.numpy import load_file, save_file

from backends import memory, registry
from backends.decoder import files as decoder_files
from backends.decoder import open_files
from backends.errors import WeightsError
from backends.genesis.model_files import check_weights_file, read_args
from backends.mlx_family.files import weight_sizes
from converters import ConversionError, convert, resolve_source

DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "half": (lambda d: d[: len(d) // 2], "was cut short: it has [0-9,]+ bytes"),
    "all but a byte": (lambda d: d[:-1], "was cut short: it has [0-9,]+ bytes"),
    "half a header": (lambda d: d[:60], "was cut short: its header has [0-9,]+ bytes"),
    "a byte more": (lambda d: d + b"\0", "was changed: it has [0-9,]+ bytes instead"),
    "a length": (lambda d: d[:5], "is not a valid safetensors file"),
    "no header": (lambda d: bytes(8) + d[8:], "is not a valid safetensors file"),
    "a long header": (
        lambda d: struct.pack("<Q", 1 << 63) + d[8:],
        "is not a valid safetensors file",
    ),
    "an answer": (lambda d: b'{"error":"gated"}', "holds only a server's answer"),
    "a pointer": (lambda d: b"version https://git-lfs\n", "is a Git LFS pointer"),
    "nothing": (lambda d: b"", "is empty"),
}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of another family."""
    pytest.importorskip("mlx_lm")
    folder = write_model(tmp_path_factory.mktemp("families") / "llama", "llama")
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.mark.parametrize("case", DAMAGES)
def test_every_reader_tells_the_same(
    case: str, decoder: Path, checkpoint: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    damage, told = DAMAGES[case]
    args = read_args(_converted(checkpoint, tokenizer_file, tmp_path / "model"))
    folder = tmp_path / "llama"
    shutil.copytree(decoder, folder)
    weights = (checkpoint, tmp_path / "model" / "model.safetensors")
    for path in (*weights, folder / "model.safetensors"):
        path.write_bytes(damage(path.read_bytes()))
    readers: list[Callable[[], Any]] = [
        lambda: convert(checkpoint, tmp_path / "out", tokenizer=tokenizer_file),
        lambda: check_weights_file(weights[1], args, None),
        lambda: open_files(folder),
        lambda: weight_sizes(folder),
    ]
    for read in readers:
        with pytest.raises((ConversionError, WeightsError), match=told) as caught:
            read()
        text = str(caught.value)
        assert "\n" not in text and "safetensors " in text
        assert text.endswith(("again.", "`git lfs pull`."))
    assert not (tmp_path / "out").exists()


def _converted(checkpoint: Path, tokenizer: Path, directory: Path) -> Path:
    convert(checkpoint, directory, tokenizer=tokenizer)
    return directory


def test_links_that_lead_nowhere(tmp_path: Path, tokenizer_file: Path) -> None:
    circle, gone = tmp_path / "circle", tmp_path / "gone.safetensors"
    circle.symlink_to(circle)
    gone.symlink_to(tmp_path / "nothing")
    for path in (circle, gone):
        with pytest.raises(ConversionError, match="is a link that leads nowhere"):
            resolve_source(str(path))
    circle.unlink()
    with pytest.raises(ConversionError, match="is a link that leads nowhere"):
        convert(tmp_path, tmp_path / "out", tokenizer=tokenizer_file)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_in_which_no_file_can_be_made(
    checkpoint: Path, tokenizer_file: Path
) -> None:
    with pytest.raises(
        ConversionError, match=r"/proc/model cannot be written: .+ another"
    ):
        convert(checkpoint, Path("/proc/model"), tokenizer=tokenizer_file)


IN_PLACE_OF_GGUF = {
    b"version https://git-lfs.github.com/spec/v1\n": "is a Git LFS pointer",
    b"<!doctype html><html>": "is a web page",
    b'{"error":"Invalid credentials in Authorization header"}': "a server's answer",
    b"": "is empty",
    bytes(900): "nothing but zeros",
    b"tjgg" + b"\1" * 600: "from before GGUF",
    struct.pack("<Q", 90) + b'{"a":' + b" " * 600: "is not a GGUF file; download it",
    b"PK\3\4" + b"\1" * 600: "zip archive",
}


@pytest.mark.parametrize("data", IN_PLACE_OF_GGUF, ids=range(len(IN_PLACE_OF_GGUF)))
def test_in_place_of_a_gguf_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(data)
    with pytest.raises(ConversionError, match=IN_PLACE_OF_GGUF[data]) as caught:
        convert(path, tmp_path / "out")
    assert str(caught.value).startswith("tiny.gguf ")
    assert [each.name for each in tmp_path.iterdir()] == ["tiny.gguf"]


def test_litter_beside_a_gguf_file(tmp_path: Path) -> None:
    ggufs.write(tmp_path / "tiny.gguf")
    for name in ("._tiny.gguf", "other.gguf.part", ".tiny.gguf", "~tiny.gguf"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    assert resolve_source(tmp_path).weights.name == "tiny.gguf"


def test_parts_of_a_gguf_file(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"tiny-0000{number}-of-00002.gguf").write_bytes(b"GGUF")
    with pytest.raises(ConversionError, match=r"in several parts .+ --merge first\.$"):
        resolve_source(tmp_path)


def test_an_index_without_its_files(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ConversionError, match="and none of them; download them too"):
        resolve_source(tmp_path)


def test_problems_of_a_gguf_file_name_it_and_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    values = ggufs.write(path)
    ggufs.write(path, values=values, layers=9)
    with pytest.raises(ConversionError) as caught:
        convert(path, tmp_path / "out")
    problems = caught.value.problems
    assert len(problems) == 2 and all(p.startswith("tiny.gguf: ") for p in problems)
    assert "72 tensors are missing" in problems[0] and "get it again" in problems[1]
    values["output_norm.bias"] = values["output_norm.weight"]
    ggufs.write(path, values=values)
    with pytest.raises(ConversionError, match=r"^tiny\.gguf: .+ --accept-unknown"):
        convert(path, tmp_path / "out")


def test_matrices_the_other_way_round(tmp_path: Path, tokenizer_file: Path) -> None:
    config = small_config()
    tensors = checkpoint_tensors(config)
    one = "blocks.0.ffn.gate_proj.weight"
    turned = {
        name: stored(mx.contiguous(each.values.T)) if len(each.shape) == 2 else each
        for name, each in tensors.items()
    }
    path = tmp_path / "m.safetensors"
    write_checkpoint(path, config, {**tensors, one: turned[one]})
    with pytest.raises(ConversionError, match=f"^{one} is transposed: it has shape"):
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    write_checkpoint(path, config, turned)
    with pytest.raises(ConversionError, match="tensors are transposed: ") as caught:
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)
    assert "the other way round" in caught.value.problems[-1]


@pytest.mark.parametrize("described", [True, False])
def test_an_adapter_in_place_of_a_model(
    described: bool, tmp_path: Path, tokenizer_file: Path
) -> None:
    config = small_config()
    names = [n for n in checkpoint_tensors(config) if n.endswith("proj.weight")]
    lora = stored(mx.zeros((2, 2)))
    tensors = {
        f"base_model.model.{name.removesuffix('.weight')}.lora_A.weight": lora
        for name in names
    }
    path = tmp_path / "adapter_model.safetensors"
    write_checkpoint(path, config if described else None, tensors)
    with pytest.raises(ConversionError, match=r"It is an adapter.+ merge it into"):
        convert(path, tmp_path / "out", tokenizer=tokenizer_file)


def test_a_model_of_another_family(decoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"a llama model, .+: genesis-chat -m "):
        convert(decoder, tmp_path / "out")
    with pytest.raises(ConversionError, match="A model of another family needs no"):
        convert(decoder / "model.safetensors", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("beside", ["model-old", "model.fp16", "model-2"])
def test_what_lies_beside_the_weights(
    beside: str, decoder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    shutil.copytree(decoder, folder)
    whole, sizes = open_files(folder), decoder_files.weight_sizes(folder)
    copy = folder / f"{beside}.safetensors"
    shutil.copy(folder / "model.safetensors", copy)
    assert open_files(folder) == whole
    assert decoder_files.weight_sizes(folder) == sizes
    # mlx-lm reads both, in any order.
    with pytest.raises(WeightsError, match=r"both in .+ would take either; delete"):
        weight_sizes(folder)
    copy.unlink()
    copy.symlink_to(folder / "model.safetensors")
    assert weight_sizes(folder) == sizes


def test_what_lies_beside_an_index(tmp_path: Path) -> None:
    pytest.importorskip("mlx_lm")
    folder = write_model(tmp_path / "parts", "qwen3", 2)
    whole, sizes = open_files(folder), weight_sizes(folder)
    # As the parts together, and an older one.
    parts = [load_file(path) for path in folder.glob("*.safetensors")]
    merged = {name: each for part in parts for name, each in part.items()}
    save_file(merged, folder / "model.safetensors")
    save_file(parts[0], folder / "model-old.safetensors")
    assert open_files(folder) == whole
    assert weight_sizes(folder) == decoder_files.weight_sizes(folder) == sizes
    choice = registry.choose("qwen3", dtype="float32", name="cpu")
    memory.check_weights(choice.entry, folder)


def test_parts_without_their_index(tmp_path: Path) -> None:
    pytest.importorskip("mlx_lm")
    folder = write_model(tmp_path / "parts", "qwen3", 2)
    whole = open_files(folder)
    (folder / "model.safetensors.index.json").unlink()
    # What the CPU backend keeps beside them is no part of the model.
    (folder / "model.cpu-int8.safetensors").write_bytes(b"x")
    assert open_files(folder) == whole
