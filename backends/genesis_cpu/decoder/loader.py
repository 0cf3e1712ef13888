"""Opening an ordinary decoder."""

from collections.abc import Callable
from pathlib import Path

from ...decoder import open_files
from ..compiling import compile_elsewhere, compiling, processors
from ..weights import checked_dtype
from .derived import DerivedFile
from .model import DecoderModel
from .weights import read_weights


def load_decoder(
    directory: Path | str,
    *,
    dtype: str | None = None,
    compiled: Path | None = None,
    derived: Path | None = None,
    threads: int | None = None,
    preparing: Callable[[str], None] = lambda text: None,
) -> DecoderModel:
    """Load a decoder's directory and compile what runs it. Nothing is written there.

    Args:
        directory: holds `config.json` and safetensors files as Hugging Face or MLX
            write them.
        dtype: float32, or int8 or int4 for the large weights; None is int8.
        compiled: where compiled code is kept between processes; None is nowhere.
        derived: where such weights are kept between processes; None is nowhere.
        threads: 1, or 2 to write with; None is 2 where there are two processors, or
            what NUMBA_NUM_THREADS says. It changes no bit of what is written.
        preparing: told what is done now and kept for the next time.

    Raises:
        UnsupportedError: a usual model, but none that this backend runs.
        ConfigError: `config.json` is missing or damaged, or the dtype is another.
        WeightsError: the weights are missing, damaged or do not fit it.
    """
    kind = checked_dtype(dtype)
    files = open_files(Path(directory))

    def prepare() -> None:
        preparing("Compiling for this CPU (first run only, about 20 s)…")
        if compiled is not None:
            compile_elsewhere(__package__, compiled, kind)

    kept = DerivedFile(derived, files, kind) if derived else None
    threads = processors() if threads is None else threads
    with compiling(compiled, prepare):
        weights = read_weights(files, kind, kept, preparing)
        model = DecoderModel(files.args, weights, threads=threads)
        model.compile()
    return model
