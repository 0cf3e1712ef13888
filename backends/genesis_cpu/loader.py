"""Opening a converted model."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..errors import ConfigError
from ..model_files import check_weights_file, read_args, read_quantization
from .compiling import compiling, processors
from .model import Model
from .weights import DEFAULT_DTYPE, DTYPES, Dtype, read_weights


def load(
    directory: Path | str,
    *,
    dtype: str | None = None,
    compiled: Path | None = None,
    delta_rule: bool = False,
    threads: int | None = None,
    preparing: Callable[[str], None] = lambda text: None,
) -> Model:
    """Load a converted model directory and compile what runs it.

    Args:
        directory: holds `config.json` and `model.safetensors`.
        dtype: float32, or int8 for the large weights; None is int8.
        compiled: where compiled code is kept between processes; None is nowhere.
        delta_rule: run gated linear attention by the gated delta rule.
        threads: 1, or 2 to write with; None is 2 where there are two processors, or
            what NUMBA_NUM_THREADS says. It changes no bit of what is written.
        preparing: told what is done now and kept for the next time.

    Raises:
        ConfigError: `config.json` is missing, damaged or cannot be run.
        WeightsError: the weights are missing, damaged or do not fit it.
    """
    kind = next((each for each in DTYPES if each == (dtype or DEFAULT_DTYPE)), None)
    if kind is None:
        raise ConfigError(
            f"dtype must be {' or '.join(DTYPES)} in the CPU backend, not {dtype!r}."
        )
    directory = Path(directory)

    def prepare() -> None:
        preparing("Compiling for this processor (once) ...")
        if compiled is not None:
            compile_elsewhere(directory, kind, compiled, delta_rule)

    model = open_model(directory, kind, delta_rule, threads)
    with compiling(compiled, prepare):
        model.compile()
    return model


def open_model(
    directory: Path, dtype: Dtype, delta_rule: bool, threads: int | None = None
) -> Model:
    """A model whose kernels need not have been compiled; see `load`."""
    args = read_args(directory)
    quantization = read_quantization(directory)
    path = directory / "model.safetensors"
    check_weights_file(path, args, quantization)
    bits = quantization["bits"] if quantization else None
    weights = read_weights(path, args, bits, dtype)
    threads = processors() if threads is None else threads
    return Model(args, weights, delta_rule=delta_rule, threads=threads)


def compile_elsewhere(
    directory: Path, dtype: Dtype, compiled: Path, delta_rule: bool
) -> None:
    """Compile what a model needs in a process that ends, and so does its memory.

    There is a second reason: code that was just compiled calls other copies of some
    kernels than the same code out of its file, and these round otherwise. If that
    process fails, this one compiles. Of programs that start together one compiles,
    and the others wait for it.
    """
    rule = "delta" if delta_rule else "plain"
    command = [sys.executable, "-P", "-m", __package__, str(directory), dtype, rule]
    with _alone(compiled):
        subprocess.run(
            [*command, str(compiled)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other program is here meanwhile, if the folder can be written."""
    from filelock import FileLock

    with ExitStack() as stack:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder / "lock"))
        yield


def device_facts() -> tuple[str, Dtype]:
    """The device in words, and the dtype it computes in by default."""
    return "CPU", DEFAULT_DTYPE
