"""GGUF files that cannot be converted: one sentence, and nothing is written."""

import io
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import ggufs
import numpy as np
import pytest

from converters import ConversionError, convert, verify
from converters.gguf.facts import look
from converters.gguf.header import read_header

MUTANTS = 1_500

# Kills itself in the middle of writing.
SUICIDE = """
import os, signal, sys
from converters import convert

def progress(stage, done, total):
    if stage == "write" and done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)

convert(*sys.argv[1:], progress=progress, replace=True)
"""


def refused(path: Path, tmp_path: Path, message: str) -> None:
    with pytest.raises(ConversionError, match=message) as caught:
        convert(path, tmp_path / "models" / "out")
    assert not (tmp_path / "models").exists()
    for problem in caught.value.problems:
        assert problem.endswith(".") and "\n" not in problem
    assert look(path).problem == caught.value.problems[0]


@pytest.mark.parametrize("architecture", ["falcon", "gemma3", "phi3", "clip"])
def test_architectures_that_nothing_here_runs(
    architecture: str, tmp_path: Path
) -> None:
    ggufs.write(tmp_path / "t.gguf", architecture)
    refused(tmp_path / "t.gguf", tmp_path, f"'{architecture}'; what can be .* llama")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.add_expert_count(8), "llama.expert_count"),
        (lambda w: w.add_uint16("split.count", 3), "one of 3 parts.*--merge"),
        (lambda w: w.add_rope_dimension_count(8), "rope.dimension_count"),
        (lambda w: w.add_float32("llama.attention.scale", 0.5), "attention.scale"),
        (
            lambda w: w.add_string("llama.rope.scaling.type", "longrope"),
            "scales its positions by 'longrope'",
        ),
        (
            lambda w: w.add_tensor("blk.0.attn_sinks.weight", np.ones(4, np.float32)),
            "attn_sinks.weight is unknown",
        ),
        (
            lambda w: w.add_tensor(
                "rope_freqs.weight", np.array([1, 2, 9, 1, 1, 7, 2, 1], np.float32)
            ),
            "factors that are not Llama 3's",
        ),
    ],
)
def test_models_of_another_kind(
    change: Callable[[gguf.GGUFWriter], object], message: str, tmp_path: Path
) -> None:
    ggufs.write(tmp_path / "t.gguf", change=change)
    refused(tmp_path / "t.gguf", tmp_path, message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["llama.context_length"], "does not say llama.context_length"),
        (["llama.attention.head_count"], "does not say"),
        (["tokenizer.ggml.tokens"], "no list of texts"),
        (["general.architecture"], "does not say general.architecture"),
    ],
)
def test_files_that_lack_something(
    keys: list[str], message: str, tmp_path: Path
) -> None:
    def change(writer: gguf.GGUFWriter) -> None:
        for key in keys:
            del writer.kv_data[0][key]

    ggufs.write(tmp_path / "t.gguf", change=change)
    refused(tmp_path / "t.gguf", tmp_path, message)


def test_tensors_that_are_not_as_they_must_be(tmp_path: Path) -> None:
    size = len(ggufs.byte_level_vocabulary(ggufs.goldens()["merges"])[0])
    values = ggufs.weights("llama", size)
    del values["blk.0.ffn_up.weight"]
    values["blk.0.attn_k.weight"] = values["blk.0.attn_k.weight"][:7]
    ggufs.write(tmp_path / "t.gguf", values=values)
    with pytest.raises(ConversionError) as caught:
        convert(tmp_path / "t.gguf", tmp_path / "out")
    text = str(caught.value)
    assert len(caught.value.problems) == 2
    assert "no tensor blk.0.ffn_up.weight" in text and "(7, 64) instead of" in text


def test_unknown_tensors_may_be_left_out(tmp_path: Path) -> None:
    sinks = np.ones(4, np.float32)
    ggufs.write(tmp_path / "t.gguf", change=lambda w: w.add_tensor("sinks", sinks))
    manifest = convert(tmp_path / "t.gguf", tmp_path / "out", accept_unknown=True)
    assert manifest.left_out == ("sinks",)


def test_vocabularies_alone(tmp_path: Path) -> None:
    ggufs.vocabulary_only(tmp_path / "v.gguf", lambda w: ggufs.add_byte_level(w))
    refused(tmp_path / "v.gguf", tmp_path, "a vocabulary and no weights")


def test_a_tokenizer_has_no_use(tmp_path: Path) -> None:
    ggufs.write(tmp_path / "t.gguf")
    with pytest.raises(ConversionError, match="leave --tokenizer away"):
        convert(tmp_path / "t.gguf", tmp_path / "out", tokenizer=tmp_path / "x.json")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; download it again"),
        (b"GGUF", "cut short"),
        (b"junk" * 100, "is not a GGUF file"),
        (b"GGUF\x01\0\0\0" + bytes(100), "version 1"),
        (b"GGUF\0\0\0\x03" + bytes(100), "big-endian"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 100, "cut short|damaged"),
    ],
)
def test_what_is_no_gguf_file(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.gguf").write_bytes(data)
    refused(tmp_path / "t.gguf", tmp_path, message)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "t.gguf").mkdir()
    with pytest.raises(ConversionError, match="no safetensors or GGUF file"):
        convert(tmp_path / "t.gguf", tmp_path / "out")
    with pytest.raises(ConversionError, match="neither a file"):
        convert(str(tmp_path / "none.gguf"), tmp_path / "out")


def test_truncated_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "t.gguf"
    ggufs.write(path, kind="Q4_0")
    data = path.read_bytes()
    rng = random.Random(3)
    for length in sorted(rng.sample(range(len(data)), 60)):
        path.write_bytes(data[:length])
        with pytest.raises(ConversionError, match=r"cut short|not a GGUF file"):
            convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_changed_headers_are_read_or_refused(tmp_path: Path) -> None:
    """No other error, and nothing that a length claims is allocated or waited for."""
    path = tmp_path / "t.gguf"
    ggufs.write(path, kind="Q4_0")
    data = path.read_bytes()
    with path.open("rb") as file:
        first = min(t.start for t in read_header(file, "t").tensors.values())
    rng = random.Random(8)
    read = 0
    for _ in range(MUTANTS):
        mutant = bytearray(data)
        # Among the entries with numbers, not within the long vocabulary.
        for _ in range(rng.randrange(1, 4)):
            at = rng.choice([rng.randrange(700), first - 1 - rng.randrange(1000)])
            mutant[at] = rng.choice([0, 1, 0xFF, 0x7F, rng.randrange(256)])
        try:
            read_header(io.BytesIO(mutant), "t.gguf")
            read += 1
        except ConversionError as error:
            assert len(error.problems) == 1
    assert 0 < read < MUTANTS


def test_the_header_is_the_one_that_pypis_reader_finds(tmp_path: Path) -> None:
    path = tmp_path / "t.gguf"
    for kind, tokenizer in (("Q4_1", ggufs.add_byte_level), ("F16", ggufs.add_pieces)):
        ggufs.write(path, kind=kind, tokenizer=tokenizer)
        theirs = gguf.GGUFReader(path)
        with path.open("rb") as file:
            ours = read_header(file, "t")
        own = {f"GGUF.{name}" for name in ("version", "tensor_count", "kv_count")}
        assert ours.metadata.keys() == theirs.fields.keys() - own
        for key, value in ours.metadata.items():
            expected: Any = theirs.fields[key].contents()
            assert (value.tolist() if hasattr(value, "tolist") else value) == expected
        assert len(ours.tensors) == len(theirs.tensors)
        for tensor in theirs.tensors:
            found = ours.tensors[tensor.name]
            assert (found.start, found.nbytes) == (tensor.data_offset, tensor.n_bytes)
            assert found.shape == tuple(reversed(tensor.shape.tolist()))


def test_stopped_at_any_stage_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "t.gguf"
    ggufs.write(path, kind="Q8_0")
    stages: list[str] = []
    convert(path, tmp_path / "a", progress=lambda *at: stages.append(at[0]))
    assert {"check", "write", "verify"} <= set(stages)
    for stop in range(0, len(stages), 3):
        left = iter(range(stop))

        def progress(*at: Any, left: Any = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            convert(path, tmp_path / "models" / "out", progress=progress)
        assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("existing", [False, True])
def test_killed_in_the_middle(existing: bool, tmp_path: Path) -> None:
    path, out = tmp_path / "t.gguf", tmp_path / "models" / "out"
    ggufs.write(path, kind="Q8_0")
    if existing:
        convert(path, out)
    done = subprocess.run([sys.executable, "-c", SUICIDE, path, out], timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert verify(out) == [] if existing else not out.exists()
    # What it left is removed by the next conversion, to another name too.
    convert(path, out.with_name("other"))
    kept = ["other", "out"] if existing else ["other"]
    assert sorted(each.name for each in out.parent.iterdir()) == kept
