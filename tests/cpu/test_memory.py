"""Memory stays bounded however long a prompt is."""

import json
import sys
from pathlib import Path

import pytest
from checkpoints import small_config
from terminal import run

from backends.genesis.args import ModelArgs
from backends.genesis.random_model import write_random_model

LENGTH, FIRST = 8192, 1024
MEGABYTE = 1 << 20
# Reads a prompt as a chat does, first a short one, then the long one.
SCRIPT = """
import json, sys
from pathlib import Path
from backends.genesis_cpu import SamplingSettings, generate, load
from genesis_chat.bench.task import peak_memory
from genesis_chat.paths import compiled_directory
model = load(Path(sys.argv[1]), compiled=compiled_directory())
peaks = []
for length in map(int, sys.argv[2:]):
    cache = model.make_cache(ttt=True)
    prompt = [(7 * n + 11) % 1000 for n in range(length)]
    list(generate(model, prompt, cache=cache, settings=SamplingSettings(seed=1),
                  max_tokens=2))
    assert cache.offset == length + 1
    peaks.append((peak_memory(), cache.nbytes))
print(json.dumps(peaks))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak")
def test_a_prompt_of_8192_tokens(tmp_path: Path, compiled: None) -> None:
    """Its scores or logits, [8192, 8192] of either, would take 268 MB."""
    args = ModelArgs.from_config(small_config(vocab_size=LENGTH, block_size=9000))
    write_random_model(tmp_path / "model", args)
    command = (sys.executable, "-P", "-c", SCRIPT, str(tmp_path / "model"))
    result = run(*map(str, (FIRST, LENGTH)), command=command)
    assert result.code == 0, result.err
    (short, few), (long, many) = json.loads(result.out)
    assert many > 4 * few
    # While keys and values move to a larger room both are held.
    assert long - short <= 2 * many + 16 * MEGABYTE
