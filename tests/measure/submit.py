"""How much of the CPU's time it takes to hand a decoded token to MLX, measured.

Nothing is computed: the step's graph, as it would be built on Metal, is exported, read
again on the CPU, and compiled; then steps are made of it by the product's own code, in
the released shape with the default settings. What Metal's driver takes on top cannot be
measured so.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import mlx.core as mx

from backends.genesis.args import ModelArgs
from backends.genesis_mlx.decoding import Decodings
from backends.genesis_mlx.stepper import Stepper
from backends.mlx_base.sampling import Sampler
from backends.sampling_settings import SamplingSettings
from genesis_chat.bench.cost.graph import as_on_metal
from genesis_chat.bench.cost.ours import TokenStep, token_step

CONTEXT, TOKENS, ROUNDS = 1024, 8, 6
# How MLX writes the stream of a kernel that it cannot run: number -1 of GPU 0.
NOWHERE = b"\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00"


def replayed(step: TokenStep) -> Callable[..., list[mx.array]]:
    """The step's function of all arrays but the weights, as a graph on the CPU."""
    weights = [*step.weights.values()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.mlxfn"
        with as_on_metal():
            mx.export_function(str(path), step.function, *weights, *step.others)
        path.write_bytes(path.read_bytes().replace(NOWHERE, bytes(len(NOWHERE))))
        graph: Any = mx.import_function(str(path))
    return lambda *others: graph(*weights, *others)


def milliseconds(
    step: TokenStep, run: Callable[..., list[mx.array]], readings: bool
) -> float:
    """CPU time of a token: the least of several rounds of a few tokens."""

    def decode(token: Any, held: Any, places: Any, occurred: Any, uniform: Any) -> Any:
        tables = [each for table in places.tables for each in table]
        slots = places.start, places.slot
        known = *held.values(), *tables, *slots, *occurred.values()
        token, likely, finite, *rest = run(*known, uniform, token)
        then = dict(zip(occurred, rest, strict=False))
        after = dict(zip(held, rest[len(then) :], strict=False))
        told = rest[len(then) + len(after) :]
        return [token, likely, finite], then, after, {"": told}

    decoding: Any = step.decoding
    decoding._compiled = decode
    settings = SamplingSettings()
    decodings = mock.Mock(spec=Decodings)
    decodings.of.return_value = step.decoding
    best = float("inf")
    for _ in range(ROUNDS):
        cache = step.cache.copy()
        sampler = Sampler(settings, step.decoding._model.args.vocab_size)
        model: Any = step.decoding._model
        stepper = Stepper(model, cache, sampler, readings, decodings, print)
        stepper.token = mx.zeros((1, 1), mx.uint32)
        with (
            mock.patch("backends.genesis_mlx.stepper.on_metal", lambda: True),
            mock.patch.object(mx, "async_eval", lambda *_: None),
        ):
            began = time.process_time()
            for _ in range(TOKENS):
                stepper.follow()
            best = min(best, (time.process_time() - began) / TOKENS)
    return best * 1e3


def main() -> int:
    """Print them."""
    args, settings = ModelArgs.released(), SamplingSettings()
    for ttt, readings in ((False, False), (True, False), (True, True)):
        step = token_step(args, CONTEXT, ttt, settings, readings)
        graph = replayed(step)
        compiled = mx.compile(graph)
        compiled(*step.others)
        kind = f"{'with' if ttt else 'without'} test-time training"
        kind += " and readings" if readings else ""
        print(f"{milliseconds(step, compiled, readings):.2f} ms a token, {kind}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
