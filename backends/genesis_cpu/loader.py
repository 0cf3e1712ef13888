"""Opening a converted model."""

from collections.abc import Callable
from pathlib import Path

from ..genesis.model_files import check_weights_file, read_args, read_quantization
from .compiling import compile_elsewhere, compiling, processors
from .model import Model
from .weights import DEFAULT_DTYPE, Dtype, checked_dtype, read_weights


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
        dtype: float32, or int8 or int4 for the large weights; None is int8.
        compiled: where compiled code is kept between processes; None is nowhere.
        delta_rule: run gated linear attention by the gated delta rule.
        threads: 1, or 2 to write with; None is 2 where there are two processors, or
            what NUMBA_NUM_THREADS says. It changes no bit of what is written.
        preparing: told what is done now and kept for the next time.

    Raises:
        ConfigError: `config.json` is missing, damaged or cannot be run.
        WeightsError: the weights are missing, damaged or do not fit it.
    """
    kind = checked_dtype(dtype)
    directory = Path(directory)

    def prepare() -> None:
        preparing("Compiling for this CPU (first run only, about 20 s)…")
        if compiled is not None:
            rule = "delta" if delta_rule else "plain"
            compile_elsewhere(__package__, compiled, str(directory), kind, rule)

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


def device_facts() -> tuple[str, Dtype]:
    """The device in words, and the dtype it computes in by default."""
    return "CPU", DEFAULT_DTYPE
