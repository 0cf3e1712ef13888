"""Opening an ordinary decoder."""

from collections.abc import Callable
from pathlib import Path

from ...decoder import open_files
from ...errors import ConfigError
from ..compiling import keep_compiled, processors
from ..weights import DEFAULT_DTYPE, DTYPES, Dtype
from .model import DecoderModel
from .weights import read_weights


def load_decoder(
    directory: Path | str,
    *,
    dtype: Dtype | None = None,
    compiled: Path | None = None,
    derived: Path | None = None,
    threads: int | None = None,
    preparing: Callable[[str], None] = lambda text: None,
) -> DecoderModel:
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(
            f"dtype must be {' or '.join(DTYPES)} in the CPU backend, not {dtype!r}."
        )
    files = open_files(Path(directory))
    keep_compiled(compiled, lambda: None)
    weights = read_weights(files, dtype or DEFAULT_DTYPE, derived)
    threads = processors() if threads is None else threads
    model = DecoderModel(files.args, weights, threads=threads)
    model.compile()
    return model
