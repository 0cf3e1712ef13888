"""What a token written by the CPU backend costs, part by part, in the released shape.

A clock stands around every kernel of a step, contexts and a look at the memory take
turns, and of each single call, which takes far less than a turn of the system's
scheduler, a quartile over all steps counts; so other programs hardly show.
Masked for AVX2: NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES= OPENBLAS_CORETYPE=Haswell.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from backends.genesis_cpu import decode as decode_module
from backends.genesis_cpu import stepper as stepper_module
from backends.genesis_cpu.cache import Cache, to_keep
from backends.genesis_cpu.loader import open_model
from backends.genesis_cpu.model import Model
from backends.genesis_cpu.sampling import Sampler
from backends.genesis_cpu.stepper import Stepper
from backends.sampling_settings import SamplingSettings
from genesis_chat.bench import released_shape

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from measure.kernel_clock import NOTES, Timed, now, timed  # noqa: E402

CONTEXTS = (16, 512, 1024, 2048)
# So many tokens after each context, then from the context again.
TOKENS = 16
QUARTILE = 0.25
# Pieces of the codes, each read in less than a turn of the scheduler.
PIECES = 64
OTHERS = (
    "embed rms_norm short_convolution normalize_heads _angles apply_rotary _gate "
    "log_decay log_forget store gate_output"
)
PRODUCTS = ("q, k, v, gates", "mixers' output", "MLP up", "MLP down", "head")
KERNELS = {
    "output_head": PRODUCTS[-1],
    "gated_linear_attention": "gated linear attention",
    "forgetting_attention": "attention over keys",
    "selective_swiglu": "activation and selection",
    **dict.fromkeys(OTHERS.split(), "norms, convolutions, gates, rotary"),
}
PARTS = (*dict.fromkeys((*PRODUCTS, *KERNELS.values())), "drawing", "between them")
DRAWING = PARTS.index("drawing")


def put_clocks() -> None:
    """Around every kernel of a step; before anything is compiled."""
    numbers = {name: PARTS.index(part) for name, part in KERNELS.items()}
    for name, number in {"multiply": -1, **numbers}.items():
        setattr(decode_module, name, Timed(getattr(decode_module, name), number))
    stepper_module.draw = timed(stepper_module.draw, DRAWING)


def cache_of(model: Model, context: int) -> Cache:
    """As if so many tokens had been read, with made-up numbers: time is the same."""
    rng, cache = np.random.default_rng(context), model.make_cache(ttt=False)
    cache.state = state = cache.state.with_room(context)
    state.offset[0] = state.kv.used[0] = context
    state.fixed[:] = 0.1 * rng.standard_normal(state.fixed.shape, dtype=np.float32)
    for room in (state.kv.keys, state.kv.values):
        numbers = rng.standard_normal(room.shape, dtype=np.float32)
        room[...] = to_keep(numbers, room)
    state.decay[:] = -np.linspace(5, 0, state.decay.shape[-1], dtype=np.float32)
    return cache


def stepper_after(model: Model, cache: Cache) -> Stepper:
    """One that goes on after a text."""
    sampler = Sampler(SamplingSettings(seed=1), model.args.vocab_size)
    stepper = Stepper(model, cache.copy(), sampler, False)
    stepper._token = 1
    return stepper


def step(stepper: Stepper) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The parts of a token's calls in order, each after what lies before it, and
    their cycles."""
    NOTES[0], began = 1, now()
    stepper.follow()
    ended = now()
    calls = NOTES[1 : NOTES[0]].reshape(-1, 3)
    parts = np.full(2 * len(calls) + 1, len(PARTS) - 1)
    parts[1::2] = calls[:, 0]
    return parts, np.diff([began, *calls[:, 1:].ravel(), ended])


def reading(pieces: Sequence[NDArray[np.int32]]) -> list[int]:
    """The cycles that one thread needs to read each piece of the codes."""
    times = [now()]
    for piece in pieces:
        piece.max()
        times.append(now())
    taken: list[int] = np.diff(times).tolist()
    return taken


def main() -> None:
    """Print the shares."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--threads", type=int, default=1, choices=[1, 2])
    asked = options.parse_args()
    put_clocks()
    with released_shape(max(CONTEXTS) + TOKENS + 1) as directory:
        model = open_model(directory, "int8", False, asked.threads)
    # Whether two threads are faster is not asked here.
    model._second._pace = mock.Mock(together=lambda: True)
    caches = {context: cache_of(model, context) for context in CONTEXTS}
    words = model._program.matrices.view(np.int32)
    pieces, read = np.array_split(words, PIECES), []
    steps: dict[int, list[NDArray[np.int64]]] = {context: [] for context in CONTEXTS}
    for _ in range(asked.rounds):
        steppers = {c: stepper_after(model, cache) for c, cache in caches.items()}
        for token in range(TOKENS + 1):
            for context, stepper in steppers.items():
                parts, taken = step(stepper)
                # The first one also makes room.
                if token:
                    steps[context].append(taken)
            read.append(reading(pieces))
    codes = float(np.quantile(read, QUARTILE, axis=0).sum())
    print(f"percent of a token after {', '.join(map(str, CONTEXTS))} others")
    report(parts, [np.array(each) for each in steps.values()], codes)


def report(
    parts: NDArray[np.int64], steps: Sequence[NDArray[np.int64]], codes: float
) -> None:
    """Shares of a step, its growth, and how it compares with reading the codes."""
    calls = [np.quantile(each, QUARTILE, axis=0) for each in steps]
    sums = [np.bincount(parts, each, len(PARTS)) for each in calls]
    totals = np.array([each.sum() for each in sums])
    for number, part in enumerate(PARTS):
        shares = 100 * np.array([each[number] for each in sums]) / totals
        row(part, shares, ".1f")
    row("over the first", totals / totals[0], ".3f")
    more = (totals[1:] / totals[0] - 1) / np.diff(CONTEXTS).cumsum() * 1e5
    row("growth by 1,000 tokens, percent", [0, *more], ".1f")
    row("over reading the codes", totals / codes, ".3f")
    products = [each[: len(PRODUCTS)].sum() / codes for each in sums]
    row("products over reading the codes", products, ".3f")


def row(name: str, numbers: Sequence[float] | NDArray[np.float64], how: str) -> None:
    """A line of the table."""
    print(f"  {name:36}" + "".join(f"{each:9{how}}" for each in numbers))


if __name__ == "__main__":
    main()
