"""Pulling whole models of other families from a Hub on this computer."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import COMMIT, REPOSITORY, Server, environment, serving
from slow import slow

from converters import read_manifest, verify
from genesis_chat.models import open_directory

pytestmark = pytest.mark.loopback

SHARD = "model-0000{}-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZER = json.dumps({"version": "1.0", "model": {"type": "BPE"}}).encode()
CONFIG = {
    "model_type": "qwen3",
    "num_hidden_layers": 2,
    "max_position_embeddings": 512,
    "quantization": {"bits": 4, "group_size": 32},
}


def safetensors(**tensors: tuple[str, list[int], int]) -> bytes:
    """A file of zeros: names with dtype, shape and bytes of an element."""
    header, end = {}, 0
    for name, (dtype, shape, width) in tensors.items():
        start, size = end, width
        for length in shape:
            size *= length
        end = start + size
        spans = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
        header[name.replace("__", ".")] = spans
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


FIRST = safetensors(
    a__weight=("U32", [64, 8], 4),
    a__scales=("BF16", [64, 2], 2),
    a__biases=("BF16", [64, 2], 2),
)
SECOND = safetensors(b__weight=("BF16", [64, 1024], 2))


# The Hub's library writes what it has received in pieces of 10 MB.
LARGE = safetensors(b__weight=("BF16", [1024, 12 * 1024], 2))
SOME = 12 << 20


def sharded(**config: object) -> dict[str, bytes]:
    """A repository with weights in four formats, safetensors in two files."""
    table = {
        "a.weight": SHARD.format(1),
        "a.scales": SHARD.format(1),
        "a.biases": SHARD.format(1),
        "b.weight": SHARD.format(2),
    }
    return {
        "config.json": json.dumps({**CONFIG, **config}).encode(),
        "tokenizer.json": TOKENIZER,
        "tokenizer_config.json": b"{}",
        INDEX: json.dumps({"weight_map": table}).encode(),
        SHARD.format(1): FIRST,
        SHARD.format(2): SECOND,
        "pytorch_model.bin": b"x" * 1000,
        "model.gguf": b"GGUF" * 100,
        "onnx/model.onnx": b"x" * 1000,
        "consolidated.safetensors": SECOND,
        "original/model.safetensors": SECOND,
        "README.md": b"# A model",
    }


def pull(
    server: Server, cache: Path, *options: str, source: str = REPOSITORY
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(source, *options),
        env=environment(server, cache),
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(source: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "genesis_chat", "models", "pull", source, *options]


def left(home: Path) -> list[str]:
    """Names of models, finished or not, that can be seen in the models' folder."""
    folder = home / "models"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [name for name in names if not name.startswith(".")]


def test_only_what_is_needed_is_fetched_and_installed(
    private_home: Path, tmp_path: Path
) -> None:
    with serving(sharded(), ["mlx", "license:apache-2.0"]) as server:
        done = pull(server, tmp_path, source=f"{REPOSITORY}@{COMMIT}")
        assert done.returncode == 0, done.stderr
        kept = {"config.json", "tokenizer.json", "tokenizer_config.json", INDEX}
        kept |= {SHARD.format(1), SHARD.format(2)}
        assert server.fetched() == kept
    assert "qwen3, 4-bit" in done.stderr and "apache-2.0" in done.stderr
    directory = private_home / "models" / "model"
    assert {p.name for p in directory.iterdir()} == {*kept, "manifest.json"}
    assert verify(directory) == []
    manifest = read_manifest(directory)
    assert manifest.family == "qwen3" and manifest.license == "apache-2.0"
    assert (manifest.quantization, manifest.dtype) == (4, "bfloat16")
    assert manifest.parameters == 64 * 64 + 64 * 1024
    assert manifest.source.name == REPOSITORY and manifest.source.revision == COMMIT
    model = open_directory(directory)
    assert model.problem is None and model.sha256
    # Nothing of it is left elsewhere.
    assert not list(private_home.glob("models/.downloads/*"))
    assert not list(tmp_path.rglob("*.safetensors"))
    (directory / SHARD.format(2)).write_bytes(SECOND[:-1])
    assert SHARD.format(2) in str(open_directory(directory).problem)


def test_a_killed_download_goes_on_where_it_was(
    private_home: Path, tmp_path: Path
) -> None:
    second = SHARD.format(2)
    with serving({**sharded(), second: LARGE}) as server:
        server.held[second] = SOME
        process = subprocess.Popen(
            command(REPOSITORY),
            env=environment(server, tmp_path),
            stderr=subprocess.DEVNULL,
        )
        assert server.holding.wait(60)
        assert process.poll() is None
        part = private_home.joinpath("models/.downloads/maker--model", COMMIT, second)
        while not part.is_file() or part.stat().st_size == 0:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert left(private_home) == []
        begun = part.stat().st_size
        server.asked.clear()
        done = pull(server, tmp_path)
        assert done.returncode == 0, done.stderr
        # The small ones are looked at first, the weights are not asked for twice.
        assert (second, begun) in server.asked
        assert SHARD.format(1) not in server.fetched()
    assert verify(private_home / "models" / "model") == []


def test_a_broken_connection_is_taken_up_again(
    private_home: Path, tmp_path: Path
) -> None:
    second = SHARD.format(2)
    with serving({**sharded(), second: LARGE}) as server:
        server.cut[second] = SOME
        done = pull(server, tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Error" not in done.stderr
        starts = [start for name, start in server.asked if name == second]
        assert starts[0] == 0 < starts[1] < starts[-1]
    assert verify(private_home / "models" / "model") == []


def test_other_bytes_than_the_hub_says(private_home: Path, tmp_path: Path) -> None:
    files = sharded()
    with serving(files) as server:
        name = SHARD.format(2)
        server.files[name] = SECOND[:-1] + b"\1"
        done = pull(server, tmp_path)
        assert done.returncode == 1
        assert f"{name} is not what the Hub says" in done.stderr
        assert left(private_home) == []
        # What is wrong is not kept, what is right is.
        server.files[name] = SECOND
        server.asked.clear()
        assert pull(server, tmp_path).returncode == 0
        assert (name, 0) in server.asked and SHARD.format(1) not in server.fetched()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "nobodys"}, "type 'nobodys' cannot be run"),
        ({SHARD.format(2): None}, "lacks 1 of its 2 files of weights"),
        slow({INDEX: b'{"weight_map": 3}'}, f"damaged {INDEX}"),
        slow({INDEX: b"{"}, f"{INDEX} in maker/model is damaged"),
        slow({"config.json": b"[]"}, "config.json in maker/model is damaged"),
        slow({"tokenizer.json": None}, "has no tokenizer"),
    ],
)
def test_what_cannot_be_used_is_refused_before_weights_are_fetched(
    change: dict[str, object], message: str, private_home: Path, tmp_path: Path
) -> None:
    if "model_type" in change:
        files = sharded(**change)
    else:
        files = sharded()
        for name, content in change.items():
            del files[name]
            if isinstance(content, bytes):
                files[name] = content
    with serving(files) as server:
        done = pull(server, tmp_path)
        assert not [n for n in server.fetched() if n.endswith(".safetensors")]
    assert done.returncode == 1
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert left(private_home) == []


def test_weights_that_are_only_unsafe(private_home: Path, tmp_path: Path) -> None:
    files = {
        k: v for k, v in sharded().items() if "safetensors" not in k and "gguf" not in k
    }
    with serving(files) as server:
        done = pull(server, tmp_path)
    assert done.returncode == 1 and "has no weights in safetensors" in done.stderr


def test_a_gated_repository(private_home: Path, tmp_path: Path) -> None:
    with serving(sharded()) as server:
        server.gated = True
        done = pull(server, tmp_path)
    assert done.returncode == 1
    assert "has terms to accept on the Hub" in done.stderr
    assert "hf auth login" in done.stderr


@pytest.mark.parametrize("force", [False, slow(True)])
def test_larger_than_the_memory_or_the_disk(
    force: bool, private_home: Path, tmp_path: Path
) -> None:
    with serving(sharded()) as server:
        server.sizes[SHARD.format(2)] = 1 << 50
        done = pull(server, tmp_path, *(["--force"] if force else []))
        assert not [n for n in server.fetched() if n.endswith(".safetensors")]
    assert done.returncode == 1
    assert "1125899.9 GB" in done.stderr
    assert ("on the disk" if force else "of memory") in done.stderr
    assert ("--force" in done.stderr) is not force


def test_options_of_conversions_are_refused(private_home: Path, tmp_path: Path) -> None:
    with serving(sharded()) as server:
        done = pull(server, tmp_path, "--quantize", "4")
    assert done.returncode == 2 and "installed unchanged" in done.stderr
