"""What importing costs, and how much memory a conversion takes."""

import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints import checkpoint_tensors, small_config, write_checkpoint

HEAVY = (
    "mlx",
    "numpy",
    "tokenizers",
    "sentencepiece",
    "huggingface_hub",
    "safetensors",
)

MEASURE = """
import resource, sys
from converters import convert

def peak():
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux hands ru_maxrss of the parent down to a child; this figure is its own.
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

small, large, tokenizer, out, bits = sys.argv[1:]
options = {"quantize": int(bits)} if bits != "0" else {}
convert(small, out + "-small", tokenizer=tokenizer, **options)
before = peak()
convert(large, out, tokenizer=tokenizer, **options)
print(before, peak())
"""


@pytest.mark.parametrize(
    "statement",
    [
        "import converters",
        "from converters import ConversionError, DestinationExistsError",
        "from converters import read_manifest, verify, Manifest",
        "from converters import resolve_source, Source",
        "from converters import load_tokenizer, Tokenizer",
    ],
)
def test_imports_are_light(statement: str) -> None:
    code = (
        f"import sys; {statement}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def test_everything_public_can_be_imported() -> None:
    import converters

    assert sorted(converters.__all__) == converters.__all__
    for name in converters.__all__:
        assert getattr(converters, name) is not None
    with pytest.raises(AttributeError):
        converters.nothing  # noqa: B018 - the access is the test


def test_peak_memory(checkpoint: Path, tokenizer_file: Path, tmp_path: Path) -> None:
    """At most 1.3 times the checkpoint, with everything the process holds."""
    config = small_config(n_embd=1024, n_layer=6, n_head=16, n_kv_head=4)
    tensors = checkpoint_tensors(config)
    large = write_checkpoint(tmp_path / "large.safetensors", config, tensors)
    del tensors
    size = large.stat().st_size
    assert size > 300e6
    for bits in (0, 4):
        result = subprocess.run(
            [
                sys.executable,
                "-c",
                MEASURE,
                str(checkpoint),
                str(large),
                str(tokenizer_file),
                str(tmp_path / f"out{bits}"),
                str(bits),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        before, after = map(int, result.stdout.split())
        assert after <= 1.3 * size
        # Beyond what a small one takes, a few pieces: not even half of the file.
        assert after - before < 0.5 * size, (after - before) / size
        print(f"{bits=} {size=:,} {before=:,} {after=:,}")
        for path in (tmp_path / f"out{bits}").iterdir():
            path.unlink()
    large.unlink()
