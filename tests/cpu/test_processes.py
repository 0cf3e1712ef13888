"""The CPU backend with other threads, processors and kinds of processes."""

import multiprocessing
import os
import platform
import sys
from pathlib import Path

import numpy as np
import pytest
from configurations import random_ids
from running import Logits
from running_cpu import load_cpu, token_by_token, whole
from terminal import run
from tolerances import LOGITS, max_difference

from backends.genesis_cpu import Model

# Enough for BLAS to share its work among threads.
IDS = random_ids(200, 8)
# No AVX, no AVX2, no FMA: to Numba, to NumPy's own loops and to its BLAS.
PLAIN_X86 = {
    "NUMBA_CPU_NAME": "x86-64",
    "NUMBA_CPU_FEATURES": "+sse,+sse2",
    "OPENBLAS_CORETYPE": "Prescott",
}
SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from running_cpu import load_cpu, token_by_token, whole
model = load_cpu(Path(sys.argv[1]))
ids = [int(n) for n in sys.argv[3].split()]
np.savez(sys.argv[2], whole=whole(model, ids, ttt=True),
         steps=token_by_token(model, ids[:40], ttt=True))
"""


def both(model: Model) -> tuple[Logits, Logits]:
    return whole(model, IDS, ttt=True), token_by_token(model, IDS[:40], ttt=True)


def elsewhere(folder: Path, out: Path, **environment: str) -> tuple[Logits, Logits]:
    """The same in a program with other environment variables."""
    tests = str(Path(__file__).parent.parent)
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    ids = " ".join(map(str, IDS))
    command = (sys.executable, "-c", SCRIPT, str(folder / "model"), str(out), ids)
    result = run(command=command, env={"PYTHONPATH": path, **environment}, timeout=1200)
    assert result.code == 0, result.err
    found = np.load(out)
    return found["whole"], found["steps"]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_however_many_threads(
    threads: int, model: Model, model_folder: Path, tmp_path: Path
) -> None:
    count = str(threads)
    found = elsewhere(
        model_folder,
        tmp_path / "logits.npz",
        OPENBLAS_NUM_THREADS=count,
        NUMBA_NUM_THREADS=count if threads <= (os.cpu_count() or 1) else "1",
    )
    for ours, theirs in zip(both(model), found, strict=True):
        assert max_difference(ours, theirs) <= LOGITS


@pytest.mark.slow
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="masks features of x86"
)
def test_a_processor_without_vector_extensions(
    model: Model, model_folder: Path, tmp_path: Path
) -> None:
    """Nor does it compute otherwise when its code has only just been compiled."""
    kept = {"GENESIS_CHAT_CACHE": str(tmp_path / "compiled"), **PLAIN_X86}
    first = elsewhere(model_folder, tmp_path / "first.npz", **kept)
    later = elsewhere(model_folder, tmp_path / "later.npz", **kept)
    for ours, theirs, again in zip(both(model), first, later, strict=True):
        assert max_difference(ours, theirs) <= LOGITS
        assert np.array_equal(theirs, again)


def answer(folder: Path, sender: object, model: Model | None) -> None:
    sender.send(both(model or load_cpu(folder / "model")))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_in_a_child(method: str, model: Model, model_folder: Path) -> None:
    """A forked one goes on with the model that its parent has already used."""
    expected = both(model)
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    given = model if method == "fork" else None
    child = context.Process(target=answer, args=(model_folder, sender, given))  # type: ignore[attr-defined]
    child.start()
    sender.close()
    found = receiver.recv()
    child.join(60)
    assert child.exitcode == 0
    for ours, theirs in zip(expected, found, strict=True):
        assert max_difference(ours, theirs) <= LOGITS
